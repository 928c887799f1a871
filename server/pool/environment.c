// See environment.h.
#include "pool/environment.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const allowed[] = {
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
};
#define ALLOWED_COUNT (sizeof(allowed) / sizeof(allowed[0]))

char **
environment_new(const char *pool, unsigned slot)
{
    char **environment = calloc(ALLOWED_COUNT + 3, sizeof(*environment));
    size_t count = 0;

    if (environment == NULL)
        return NULL;
    for (size_t i = 0; i < ALLOWED_COUNT; i++) {
        const char *value = getenv(allowed[i]);

        if (value != NULL && asprintf(&environment[count++], "%s=%s", allowed[i], value) < 0)
            goto fail;
    }
    if (asprintf(&environment[count++], "OFFLOAD_POOL=%s", pool) < 0 ||
        asprintf(&environment[count++], "OFFLOAD_SLOT=%u", slot) < 0)
        goto fail;
    return environment;
fail:
    environment[count - 1] = NULL; // undefined after a failed asprintf
    environment_free(environment);
    return NULL;
}

void
environment_free(char **environment)
{
    if (environment == NULL)
        return;
    for (size_t i = 0; environment[i] != NULL; i++)
        free(environment[i]);
    free(environment);
}
