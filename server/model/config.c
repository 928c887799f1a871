// See config.h. This file puts the sources together, in their order: files, --set, --listen,
// defaults.
#include "model/config.h"

#include "model/config_draft.h"
#include "model/job.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROCESSES_MAX 1024 // as the key's

static bool
has_control_character(const char *text)
{
    for (; *text != '\0'; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return true;
    return false;
}

// Enters the section of "server.KEY" or "pool.NAME.KEY" and returns the key; NULL if it is neither.
static const char *
enter_section_of(struct config_draft *draft, const char *text)
{
    const char *dot;

    if (strncmp(text, "server.", 7) == 0) {
        draft_enter_server(draft);
        return text + 7;
    }
    dot = strncmp(text, "pool.", 5) == 0 ? strchr(text + 5, '.') : NULL;
    if (dot == NULL)
        return NULL;
    draft_enter_pool(draft, text + 5, (size_t)(dot - (text + 5)));
    return dot + 1;
}

// `text` is a copy that may be cut up: SECTION.KEY=VALUE.
static void
say_set(struct config_draft *draft, char *text)
{
    char *equals = strchr(text, '=');
    size_t length = strlen(text);
    const char *key;

    if (has_control_character(text)) {
        draft_fail(draft, draft->at, "the value holds a control character");
        return;
    }
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        text[--length] = '\0';
    if (equals != NULL)
        *equals = '\0';
    key = equals != NULL ? enter_section_of(draft, text) : NULL;
    if (key == NULL)
        draft_fail(draft, draft->at, "expected server.KEY=VALUE or pool.NAME.KEY=VALUE");
    if (!draft->failed)
        draft_say(draft, key, equals + 1 + strspn(equals + 1, " \t"));
}

static void
read_set(struct config_draft *draft, const char *set)
{
    char *name;
    char *copy = strdup(set);

    if (copy == NULL || asprintf(&name, "--set %s", set) < 0) {
        draft_fail_memory(draft);
    } else {
        draft_source(draft, name);
        if (!draft->failed)
            say_set(draft, copy);
        free(name);
    }
    free(copy);
}

// All --listen together are one source: they replace what was said, and add up.
static void
read_listen(struct config_draft *draft, const struct config_source *source)
{
    if (source->listen_count == 0)
        return;
    draft_source(draft, "--listen");
    draft_enter_server(draft);
    for (size_t i = 0; i < source->listen_count && !draft->failed; i++)
        if (has_control_character(source->listen[i]))
            draft_fail(draft, draft->at, "the address holds a control character");
        else
            draft_say(draft, "listen", source->listen[i]);
}

static void
read_sources(struct config_draft *draft, const struct config_source *source)
{
    draft_source(draft, "offloadd");
    if (source->path != NULL && !draft->failed)
        draft_read_files(draft, source->path, source->path_optional);
    if (draft->pool_count == 0 && !draft->failed) {
        draft->at = (struct config_origin){0};
        draft_enter_pool(draft, "cpu", 3);
        if (!draft->failed)
            draft->pools[0].builtin = true;
    }
    for (size_t i = 0; i < source->set_count && !draft->failed; i++)
        read_set(draft, source->sets[i]);
    if (!draft->failed)
        read_listen(draft, source);
}

unsigned
config_cores(void)
{
    cpu_set_t set;
    long online = sysconf(_SC_NPROCESSORS_ONLN);

    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        online = CPU_COUNT(&set);
    if (online < 1)
        return 1;
    return online < PROCESSES_MAX ? (unsigned)online : PROCESSES_MAX;
}

static void
apply_default_listen(struct config_draft *draft)
{
    struct config *config = draft->config;

    config->listen = calloc(2, sizeof(*config->listen));
    if (config->listen == NULL)
        draft_fail_memory(draft);
    else
        config->listen_count = address_server_defaults(config->listen);
    config->listen_implied = true;
}

// Hands the pools over to the configuration.
static void
finish_pools(struct config_draft *draft)
{
    struct config *config = draft->config;

    config->pools = calloc(draft->pool_count, sizeof(*config->pools));
    if (config->pools == NULL) {
        draft_fail_memory(draft);
        return;
    }
    for (size_t i = 0; i < draft->pool_count; i++) {
        config->pools[i] = draft->pools[i].config;
        if (config->pools[i].processes == 0)
            config->pools[i].processes = config->pools[i].processes_min = config_cores();
    }
    config->pool_count = draft->pool_count;
    draft->pool_count = 0;
}

static void
free_words(char **words)
{
    for (char **word = words; word != NULL && *word != NULL; word++)
        free(*word);
    free(words);
}

static void
free_pool(struct pool_config *pool)
{
    free(pool->name);
    free_words(pool->argv);
    free_words(pool->methods);
    free_words(pool->environment);
    free_words(pool->command);
    free(pool->stdin_param);
    free(pool->plugin);
    free(pool->user);
    free(pool->group);
    free(pool->directory);
}

static void
draft_done(struct config_draft *draft)
{
    for (size_t i = 0; i < draft->pool_count; i++)
        free_pool(&draft->pools[i].config);
    free(draft->pools);
    for (unsigned i = 0; i < draft->source_count; i++)
        free(draft->sources[i]);
    free(draft->sources);
}

static struct config *
config_new(void)
{
    struct config *config = malloc(sizeof(*config));

    if (config != NULL)
        *config = (struct config){.socket_mode = 0600,
                                  .drain_timeout_us = 30000000,
                                  .write_timeout_us = (int64_t)LIMIT_WRITE_TIMEOUT_MS * 1000,
                                  .line_timeout_us = (int64_t)LIMIT_LINE_TIMEOUT_MS * 1000,
                                  .limits = LIMITS_DEFAULT,
                                  .log_level = LOG_LEVEL_INFO};
    return config;
}

struct config *
config_load(const struct config_source *source, struct config_error *ret_error)
{
    struct config_draft draft = {.config = config_new(), .error = ret_error};

    if (draft.config == NULL) {
        draft_fail_memory(&draft);
        return NULL;
    }
    read_sources(&draft, source);
    if (!draft.failed && draft.said[KEY_LISTEN].source == 0)
        apply_default_listen(&draft);
    if (!draft.failed)
        draft_check(&draft, draft.said[KEY_LISTEN].source != 0);
    if (!draft.failed)
        finish_pools(&draft);
    if (draft.failed) {
        config_free(draft.config);
        draft.config = NULL;
    }
    draft_done(&draft);
    return draft.config;
}

// The count is nobody's business but that of these two: to all others a configuration is constant.
const struct config *
config_hold(const struct config *config)
{
    ((struct config *)config)->shares++;
    return config;
}

void
config_free(const struct config *config)
{
    struct config *mine = (struct config *)config;

    if (mine == NULL || mine->shares-- > 0)
        return;
    for (size_t i = 0; i < mine->pool_count; i++)
        free_pool(&mine->pools[i]);
    free(mine->pools);
    free(mine->listen);
    free(mine->weights);
    free(mine);
}

unsigned
config_weight(const struct config *config, uid_t uid)
{
    for (size_t i = 0; i < config->weight_count; i++)
        if (config->weights[i].uid == uid)
            return config->weights[i].weight;
    return JOB_WEIGHT_DEFAULT;
}

unsigned
config_slots(const struct pool_config *pool)
{
    return pool->in_flight != 0 ? pool->in_flight : pool->threads;
}
