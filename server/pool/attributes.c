// See attributes.h.
#include "pool/attributes.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#define GROUPS_MAX 65536

// The groups of a user, as initgroups(3) would set them.
static int
find_groups(const char *user, gid_t gid, struct spawn_attributes *into)
{
    int count = 16;

    for (;;) {
        gid_t *groups = calloc((size_t)count, sizeof(*groups));
        int wanted = count;

        if (groups == NULL)
            return -ENOMEM;
        if (getgrouplist(user, gid, groups, &wanted) >= 0) {
            into->groups = groups;
            into->group_count = (size_t)wanted;
            return 0;
        }
        free(groups);
        if (count >= GROUPS_MAX)
            return -E2BIG;
        count *= 2;
    }
}

static int
find_identity(const struct pool_config *config, struct spawn_attributes *into,
              const char **ret_problem)
{
    struct passwd *user = config->user != NULL ? getpwnam(config->user) : NULL;
    struct group *group = config->group != NULL ? getgrnam(config->group) : NULL;

    *ret_problem = NULL;
    if (config->user != NULL && user == NULL)
        *ret_problem = "there is no such user";
    else if (config->group != NULL && group == NULL)
        *ret_problem = "there is no such group";
    if (*ret_problem != NULL)
        return -ENOENT;
    if (user == NULL && group == NULL)
        return 0;
    into->identity = true;
    into->uid = user != NULL ? user->pw_uid : getuid();
    into->gid = group != NULL ? group->gr_gid : user != NULL ? user->pw_gid : getgid();
    return user != NULL ? find_groups(config->user, into->gid, into) : 0;
}

int
attributes_init(struct spawn_attributes *ret, const struct pool_config *config,
                unsigned long open_files, const char **ret_problem)
{
    struct spawn_attributes attributes = {
        .directory = config->directory,
        .nice = config->nice,
        .cpu_seconds = (rlim_t)((config->cpu_time_max_us + 999999) / 1000000),
        .data_bytes = config->memory_max,
        .open_files = config->open_files_max != 0 ? config->open_files_max : open_files,
    };
    int error = find_identity(config, &attributes, ret_problem);

    if (error == 0)
        *ret = attributes;
    return error;
}

void
attributes_done(struct spawn_attributes *attributes)
{
    free((gid_t *)attributes->groups);
    attributes->groups = NULL;
}
