// What a configuration must be as a whole: pools with exactly one kind, method names that mean one
// thing, addresses that are safe to serve. Each error names the place that the writer has to
// change.
#include "common/span.h"
#include "model/config_draft.h"
#include "model/template.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The methods that offload-worker serves. `sleep` is the daemon's own.
static const char *const builtin_methods[] = {"echo", "sum_squares"};
#define BUILTIN_METHODS (sizeof(builtin_methods) / sizeof(builtin_methods[0]))

// Protocol, section on names: what begins so belongs to the daemon.
static const char *const reserved_prefixes[] = {"rpc.",    "job.",    "pool.",
                                                "server.", "worker.", "$/"};
#define RESERVED_PREFIXES (sizeof(reserved_prefixes) / sizeof(reserved_prefixes[0]))

static bool
is_reserved(const char *name)
{
    for (size_t i = 0; i < RESERVED_PREFIXES; i++)
        if (strncmp(name, reserved_prefixes[i], strlen(reserved_prefixes[i])) == 0)
            return true;
    return strcmp(name, "sleep") == 0;
}

static bool
is_listed(char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count && words[i] != NULL; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

// Names go onto the wire between quotes as they are.
static bool
is_plain(const char *name)
{
    for (; *name != '\0'; name++)
        if (*name <= 0x20 || *name >= 0x7f || *name == '"' || *name == '\\')
            return false;
    return true;
}

static const struct pool_draft *
find_pool(const struct config_draft *draft, const char *name, size_t length)
{
    for (size_t i = 0; i < draft->pool_count; i++)
        if (strlen(draft->pools[i].config.name) == length &&
            memcmp(draft->pools[i].config.name, name, length) == 0)
            return &draft->pools[i];
    return NULL;
}

// Every method can be called as POOL.METHOD too, so no bare name may look like another's.
static bool
is_qualified_name(const struct config_draft *draft, const char *method)
{
    const char *dot = strchr(method, '.');
    const struct pool_draft *pool =
        dot != NULL ? find_pool(draft, method, (size_t)(dot - method)) : NULL;

    return pool != NULL && is_listed(pool->config.methods, SIZE_MAX, dot + 1);
}

static void
check_method(struct config_draft *draft, const struct pool_draft *pool, size_t index)
{
    char *const *methods = pool->config.methods;
    struct config_origin at = pool->said[KEY_METHODS];
    char quote[DRAFT_QUOTE_SIZE];
    const char *problem = NULL;

    if (!is_plain(methods[index]))
        problem = "is not plain ASCII without quotes and backslashes";
    else if (strpbrk(methods[index], ",;") != NULL)
        problem = "has a comma or a semicolon (names stand apart by white space)";
    else if (is_reserved(methods[index]))
        problem = "is a name that the daemon keeps for itself";
    else if (is_listed(methods, index, methods[index]))
        problem = "is given twice";
    else if (is_qualified_name(draft, methods[index]))
        problem = "is also POOL.METHOD of a method";
    else if (pool->config.kind == POOL_BUILTIN &&
             !is_listed((char **)builtin_methods, BUILTIN_METHODS, methods[index]))
        problem = "is not built in (there are echo and sum_squares)";
    if (problem != NULL)
        draft_fail(draft, at, "methods: '%s' %s", draft_quote(methods[index], quote), problem);
}

static void
default_methods(struct config_draft *draft, struct pool_config *pool)
{
    pool->methods = calloc(BUILTIN_METHODS + 1, sizeof(*pool->methods));
    if (pool->methods == NULL) {
        draft_fail_memory(draft);
        return;
    }
    for (size_t i = 0; i < BUILTIN_METHODS; i++) {
        pool->methods[i] = strdup(builtin_methods[i]);
        if (pool->methods[i] == NULL) {
            draft_fail_memory(draft);
            return;
        }
    }
}

static void
check_methods(struct config_draft *draft, struct pool_draft *pool)
{
    bool said = pool->said[KEY_METHODS].source != 0;

    if (pool->config.methods == NULL && said)
        draft_fail(draft, pool->said[KEY_METHODS], "methods: a name is missing");
    else if (pool->config.methods == NULL && pool->config.kind != POOL_BUILTIN)
        draft_fail(draft, pool->named, "[pool %s] has a %s, so it needs methods = METHOD...",
                   pool->config.name,
                   pool->config.kind == POOL_PROGRAM  ? "program"
                   : pool->config.kind == POOL_PLUGIN ? "plugin"
                                                      : "command");
    else if (pool->config.methods == NULL)
        default_methods(draft, &pool->config);
}

// Makes a path from the command line absolute, so that the configuration means the same wherever it
// is printed and read again.
static void
make_absolute(struct config_draft *draft, struct pool_draft *pool)
{
    char *directory = getcwd(NULL, 0);
    char *path = NULL;

    if (directory == NULL)
        draft_fail(draft, pool->said[KEY_PROGRAM], "program: the current directory: %s",
                   strerror(errno));
    else if (asprintf(&path, "%s/%s", directory, pool->config.argv[0]) < 0)
        draft_fail_memory(draft);
    else if (strlen(path) > CONFIG_WORD_MAX || !is_plain(path)) {
        draft_fail(draft, pool->said[KEY_PROGRAM],
                   "program: the current directory's path is too long or no plain word; "
                   "give the program's whole path");
        free(path);
    } else {
        free(pool->config.argv[0]);
        pool->config.argv[0] = path;
    }
    free(directory);
}

static void
check_program(struct config_draft *draft, struct pool_draft *pool)
{
    struct config_origin at = pool->said[KEY_PROGRAM];
    char quote[DRAFT_QUOTE_SIZE];
    bool from_file = at.line > 0;

    if (pool->config.argv == NULL)
        draft_fail(draft, at, "program: a path is missing");
    else if (pool->config.argv[0][0] == '/')
        return;
    else if (from_file || strchr(pool->config.argv[0], '/') == NULL)
        draft_fail(draft, at, "program: '%s' is not %s", draft_quote(pool->config.argv[0], quote),
                   from_file ? "an absolute path" : "a path (with a '/' in it)");
    else
        make_absolute(draft, pool);
}

// Exactly one of the keys that say what the workers are.
static bool
check_kind(struct config_draft *draft, struct pool_draft *pool)
{
    bool program = pool->said[KEY_PROGRAM].source != 0;
    bool command = pool->said[KEY_COMMAND].source != 0;
    bool plugin = pool->config.plugin != NULL;
    int kinds = pool->builtin + program + plugin + command;

    if (kinds == 0)
        draft_fail(draft, pool->named,
                   "[pool %s] needs one of builtin = yes, program, plugin and command",
                   pool->config.name);
    else if (kinds > 1)
        draft_fail(draft,
                   program   ? pool->said[KEY_PROGRAM]
                   : command ? pool->said[KEY_COMMAND]
                             : pool->said[KEY_PLUGIN],
                   "[pool %s] has more than one of builtin, program, plugin and command",
                   pool->config.name);
    pool->config.kind = program   ? POOL_PROGRAM
                        : plugin  ? POOL_PLUGIN
                        : command ? POOL_COMMAND
                                  : POOL_BUILTIN;
    return kinds == 1;
}

// The words of a command must be a template, and so must those that stand in one key alone: then it
// is that key's line which has to be changed.
static void
check_template(struct config_draft *draft, const struct pool_draft *pool, enum config_key key,
               const struct template_source *source)
{
    char problem[200];
    struct template *template = template_new(source, problem, sizeof(problem));

    if (template == NULL)
        draft_fail(draft, pool->said[key], "%s: %s", draft_key_name(key), problem);
    template_free(template);
}

static void
check_templates(struct config_draft *draft, const struct pool_draft *pool)
{
    const struct pool_config *config = &pool->config;

    check_template(draft, pool, KEY_COMMAND, &(struct template_source){.argv = config->command});
    check_template(draft, pool, KEY_ENVIRONMENT,
                   &(struct template_source){.environment = config->environment});
    check_template(draft, pool, KEY_STDIN,
                   &(struct template_source){.stdin_param = config->stdin_param});
    if (!draft->failed)
        check_template(draft, pool, KEY_COMMAND,
                       &(struct template_source){.argv = config->command,
                                                 .environment = config->environment,
                                                 .stdin_param = config->stdin_param});
}

static void
check_command(struct config_draft *draft, const struct pool_draft *pool)
{
    struct config_origin at = pool->said[KEY_COMMAND];
    char quote[DRAFT_QUOTE_SIZE];

    if (pool->config.command == NULL)
        draft_fail(draft, at, "command: a path is missing");
    else if (pool->config.command[0][0] != '/')
        draft_fail(draft, at, "command: '%s' is not an absolute path",
                   draft_quote(pool->config.command[0], quote));
    else
        check_templates(draft, pool);
    if (pool->config.threads != 1)
        draft_fail(draft, pool->said[KEY_THREADS], "a command has no threads, only processes");
}

static void
check_environment(struct config_draft *draft, const struct pool_draft *pool)
{
    char quote[DRAFT_QUOTE_SIZE];

    for (char **word = pool->config.environment; word != NULL && *word != NULL; word++)
        if (strchr(*word, '=') == NULL || **word == '=')
            draft_fail(draft, pool->said[KEY_ENVIRONMENT], "environment: '%s' is not NAME=VALUE",
                       draft_quote(*word, quote));
}

static void
check_pool(struct config_draft *draft, struct pool_draft *pool)
{
    bool threads = pool->said[KEY_THREADS].source != 0;

    if (!check_kind(draft, pool))
        return;
    if (pool->config.kind == POOL_PROGRAM)
        check_program(draft, pool);
    if (pool->config.kind == POOL_COMMAND)
        check_command(draft, pool);
    else if (pool->config.stdin_param != NULL)
        draft_fail(draft, pool->said[KEY_STDIN], "stdin is for commands");
    if (pool->config.in_flight != 0 && (threads || pool->config.kind != POOL_PROGRAM))
        draft_fail(draft, pool->said[KEY_IN_FLIGHT], "in-flight is for programs, without threads");
    check_environment(draft, pool);
    check_methods(draft, pool);
}

// Without authentication and TLS nobody but this host may get in. A name counts only if everything
// that it stands for is loopback.
static void
check_loopback(struct config_draft *draft, const struct address *address)
{
    struct config_origin at = draft->said[KEY_LISTEN];
    struct sockaddr_storage resolved;
    socklen_t length;
    char text[ADDRESS_TEXT_MAX];
    int status;

    address_format(address, text);
    for (unsigned i = 0; (status = address_resolve(address, i, &resolved, &length)) == 0; i++)
        if (!address_is_loopback((const struct sockaddr *)&resolved)) {
            draft_fail(draft, at,
                       "listen: %s is not loopback; nothing else is served until authentication "
                       "and TLS are configured",
                       text);
            return;
        }
    if (status != ENOENT)
        draft_fail(draft, at, "listen: %s: %s", text,
                   status == EADDRNOTAVAIL || status == EAGAIN ? "the host's name has no address"
                                                               : strerror(status));
}

static void
check_listen(struct config_draft *draft, bool from_user)
{
    const struct config *config = draft->config;

    if (from_user && config->listen_count == 0)
        draft_fail(draft, draft->said[KEY_LISTEN], "listen: an address is missing");
    for (size_t i = 0; i < config->listen_count; i++) {
        char text[ADDRESS_TEXT_MAX];
        char earlier[ADDRESS_TEXT_MAX];

        if (config->listen[i].kind != ADDRESS_PASSED) // is looked at when it is there
            check_loopback(draft, &config->listen[i]);
        address_format(&config->listen[i], text);
        for (size_t j = 0; j < i; j++) {
            address_format(&config->listen[j], earlier);
            if (strcmp(text, earlier) == 0 &&
                (config->listen[i].kind != ADDRESS_TCP || config->listen[i].port != 0))
                draft_fail(draft, draft->said[KEY_LISTEN], "listen: %s is given twice", text);
        }
    }
}

void
draft_check(struct config_draft *draft, bool listen_from_user)
{
    check_listen(draft, listen_from_user);
    for (size_t i = 0; i < draft->pool_count; i++)
        check_pool(draft, &draft->pools[i]);
    if (draft->failed)
        return;
    for (size_t i = 0; i < draft->pool_count; i++)
        for (size_t j = 0; draft->pools[i].config.methods[j] != NULL; j++)
            check_method(draft, &draft->pools[i], j);
}
