// See arguments.h.
#include "arguments.h"

#include "assertions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
arguments_init(struct arguments *arguments)
{
    *arguments = (struct arguments){0};
}

void
arguments_done(struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++)
        free(arguments->items[i]);
    arguments_init(arguments);
}

void
arguments_add(struct arguments *arguments, const char *text)
{
    assert_true(arguments->count < ARGUMENTS_MAX);
    arguments->items[arguments->count++] = strdup(text);
}

void
arguments_add_wrapper(struct arguments *arguments)
{
    const char *wrapper = getenv("OFFLOAD_TEST_WRAP");
    char *copy = strdup(wrapper == NULL ? "" : wrapper);
    char *rest = copy;
    char *word;

    while ((word = strsep(&rest, " \t\n")) != NULL)
        if (*word != '\0')
            arguments_add(arguments, word);
    free(copy);
}

char *
arguments_expand(const char *text, const char *folder)
{
    char *whole = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&whole, &size);
    const char *place;

    assert_non_null(out);
    for (; (place = strstr(text, "%F")) != NULL; text = place + 2)
        fprintf(out, "%.*s%s", (int)(place - text), text, folder);
    fputs(text, out);
    fclose(out);
    return whole;
}
