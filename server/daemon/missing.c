// See missing.h.
#include "daemon/missing.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#define EXECUTABLE (S_IXUSR | S_IXGRP | S_IXOTH)

static unsigned
warn(FILE *out, const struct pool_config *pool, const char *key, const char *value,
     const char *problem)
{
    char shown[1024];

    fprintf(out, "offloadd: warning: [pool %s] %s: %s: %s\n", pool->name, key,
            log_escape(span_of(value), shown, sizeof(shown)), problem);
    return 1;
}

// Whether this very process may use it does not count: the workers' user may be another.
static unsigned
check_file(FILE *out, const struct pool_config *pool, const char *key, const char *path,
           bool executable)
{
    struct stat about;

    if (stat(path, &about) != 0)
        return warn(out, pool, key, path, strerror(errno));
    if (!S_ISREG(about.st_mode))
        return warn(out, pool, key, path, "it is not a file");
    if (executable && (about.st_mode & EXECUTABLE) == 0)
        return warn(out, pool, key, path, "it is not executable");
    return 0;
}

static unsigned
check_directory(FILE *out, const struct pool_config *pool)
{
    struct stat about;

    if (pool->directory == NULL)
        return 0;
    if (stat(pool->directory, &about) != 0)
        return warn(out, pool, "directory", pool->directory, strerror(errno));
    return S_ISDIR(about.st_mode)
               ? 0
               : warn(out, pool, "directory", pool->directory, "it is not a directory");
}

static const char *
user_problem(const struct pool_config *pool)
{
    return pool->user != NULL && getpwnam(pool->user) == NULL ? "there is no such user" : NULL;
}

static const char *
group_problem(const struct pool_config *pool)
{
    return pool->group != NULL && getgrnam(pool->group) == NULL ? "there is no such group" : NULL;
}

static unsigned
check_identity(FILE *out, const struct pool_config *pool)
{
    const char *user = user_problem(pool);
    const char *group = group_problem(pool);
    unsigned count = 0;

    if (user != NULL)
        count += warn(out, pool, "user", pool->user, user);
    if (group != NULL)
        count += warn(out, pool, "group", pool->group, group);
    return count;
}

static unsigned
check_kind(FILE *out, const struct pool_config *pool)
{
    switch (pool->kind) {
    case POOL_PROGRAM:
        return check_file(out, pool, "program", pool->argv[0], true);
    case POOL_COMMAND:
        return check_file(out, pool, "command", pool->command[0], true);
    case POOL_PLUGIN:
        return check_file(out, pool, "plugin", pool->plugin, false);
    case POOL_BUILTIN:
        break;
    }
    return 0;
}

unsigned
missing_report(const struct config *config, FILE *out)
{
    unsigned count = 0;

    for (size_t i = 0; i < config->pool_count; i++) {
        const struct pool_config *pool = &config->pools[i];

        count += check_kind(out, pool);
        count += check_directory(out, pool);
        count += check_identity(out, pool);
    }
    return count;
}

bool
missing_identity(const struct config *config, struct config_error *ret_error)
{
    for (size_t i = 0; i < config->pool_count; i++) {
        const struct pool_config *pool = &config->pools[i];
        const char *user = user_problem(pool);
        const char *problem = user != NULL ? user : group_problem(pool);
        char shown[256];

        if (problem == NULL)
            continue;
        log_escape(span_of(user != NULL ? pool->user : pool->group), shown, sizeof(shown));
        snprintf(ret_error->text, sizeof(ret_error->text), "[pool %s] %s: %s: %s", pool->name,
                 user != NULL ? "user" : "group", shown, problem);
        return true;
    }
    return false;
}
