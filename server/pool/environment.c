// See environment.h.
#include "pool/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const allowed[] = {
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
};
#define ALLOWED_COUNT (sizeof(allowed) / sizeof(allowed[0]))

// The text with each {slot} replaced. malloc; NULL when out of memory.
static char *
with_slot(const char *text, unsigned slot)
{
    static const char mark[] = "{slot}";
    char *result = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&result, &size);
    const char *found;

    if (out == NULL)
        return NULL;
    while ((found = strstr(text, mark)) != NULL) {
        fprintf(out, "%.*s%u", (int)(found - text), text, slot);
        text = found + sizeof(mark) - 1;
    }
    fputs(text, out);
    if (fclose(out) != 0) {
        free(result);
        return NULL;
    }
    return result;
}

// True if `more` has a variable of that name.
static bool
is_overridden(char *const *more, const char *name)
{
    size_t length = strlen(name);

    for (; more != NULL && *more != NULL; more++)
        if (strncmp(*more, name, length) == 0 && (*more)[length] == '=')
            return true;
    return false;
}

static size_t
count_words(char *const *words)
{
    size_t count = 0;

    while (words != NULL && words[count] != NULL)
        count++;
    return count;
}

char **
environment_new(const char *pool, unsigned slot, char *const *more, bool substitute)
{
    size_t more_count = count_words(more);
    char **environment = calloc(ALLOWED_COUNT + more_count + 3, sizeof(*environment));
    size_t count = 0;

    if (environment == NULL)
        return NULL;
    for (size_t i = 0; i < ALLOWED_COUNT; i++) {
        const char *value = getenv(allowed[i]);

        if (value != NULL && !is_overridden(more, allowed[i]) &&
            asprintf(&environment[count++], "%s=%s", allowed[i], value) < 0)
            goto fail;
    }
    for (size_t i = 0; i < more_count; i++)
        if ((environment[count++] = substitute ? with_slot(more[i], slot) : strdup(more[i])) ==
            NULL)
            goto fail;
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
