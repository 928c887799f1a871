// See weight.h.
#include "model/weight.h"

#include "common/units.h"
#include "model/job.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_LENGTH 255
#define UID_MOST        4294967294U // uid_t -1 means "no change" to many calls

static bool
parse_user(const char *name, uid_t *ret)
{
    const struct passwd *user;
    uint64_t number;

    if (units_parse_number(name, 0, UID_MOST, &number)) {
        *ret = (uid_t)number;
        return true;
    }
    user = getpwnam(name);
    if (user != NULL)
        *ret = user->pw_uid;
    return user != NULL;
}

const char *
weight_parse(const char *text, struct weight *ret)
{
    const char *colon = strrchr(text, ':');
    char name[NAME_MAX_LENGTH + 1];
    struct weight weight;
    uint64_t number;

    if (colon == NULL || colon == text || colon - text > NAME_MAX_LENGTH)
        return "not USER:N";
    if (!units_parse_number(colon + 1, 1, JOB_WEIGHT_MAX, &number))
        return "the weight is not a whole number from 1 to 10000";
    snprintf(name, sizeof(name), "%.*s", (int)(colon - text), text);
    if (!parse_user(name, &weight.uid))
        return "no user has that name";
    weight.weight = (unsigned)number;
    *ret = weight;
    return NULL;
}
