// See fields.h.
#include "client/fields.h"

#include <stdio.h>
#include <stdlib.h>

void
fields_done(struct fields *fields)
{
    free(fields->items);
    *fields = (struct fields){0};
}

static bool
add(struct fields *fields, const char *at, size_t length)
{
    if (fields->count == fields->capacity) {
        size_t capacity = fields->capacity > 0 ? 2 * fields->capacity : 16;
        struct span *items = realloc(fields->items, capacity * sizeof(*items));

        if (items == NULL)
            return false;
        fields->items = items;
        fields->capacity = capacity;
    }
    fields->items[fields->count++] = (struct span){at, length};
    return true;
}

// One field that begins at *at: its text without quotes, in place. Two quotes inside quotes are
// one.
static size_t
unquote(char *field, char **at, const char *end)
{
    char *from = *at;
    char *into = field;
    bool quoted = false;

    while (from < end && (quoted || *from != ',')) {
        if (*from == '"' && quoted && from + 1 < end && from[1] == '"')
            *into++ = *from++;
        else if (*from == '"')
            quoted = !quoted;
        else
            *into++ = *from;
        from++;
    }
    *at = from;
    return (size_t)(into - field);
}

bool
fields_from_csv(struct fields *fields, char *text, size_t length)
{
    const char *end = text + length;
    char *at = text;

    fields->count = 0;
    for (;;) {
        char *field = at;
        size_t size = unquote(field, &at, end);

        if (!add(fields, field, size))
            return false;
        if (at == end)
            return true;
        at++; // the comma
    }
}

bool
fields_from_tsv(struct fields *fields, char *text, size_t length)
{
    const char *end = text + length;
    char *at = text;
    char *tab;

    fields->count = 0;
    while ((tab = memchr(at, '\t', (size_t)(end - at))) != NULL) {
        if (!add(fields, at, (size_t)(tab - at)))
            return false;
        at = tab + 1;
    }
    return add(fields, at, (size_t)(end - at));
}

bool
fields_from_whole(struct fields *fields, char *text, size_t length)
{
    fields->count = 0;
    return add(fields, text, length);
}

bool
fields_from_regex(struct fields *fields, const regex_t *separator, char *text, size_t length)
{
    char *end = text + length;
    char *field = text;
    char *at = text;
    regmatch_t match;

    fields->count = 0;
    *end = '\0';
    while (at < end && regexec(separator, at, 1, &match, at > text ? REG_NOTBOL : 0) == 0) {
        if (match.rm_eo == match.rm_so) { // nothing is no separator
            at += match.rm_so + 1;
            continue;
        }
        if (!add(fields, field, (size_t)(at + match.rm_so - field)))
            return false;
        at += match.rm_eo;
        field = at;
    }
    return add(fields, field, (size_t)(end - field));
}

// Extended regular expressions of POSIX know no \t.
static char *
with_tabs(const char *text)
{
    char *copy = strdup(text);
    char *into = copy;

    if (copy == NULL)
        return NULL;
    for (const char *from = text; *from != '\0'; from++) {
        if (from[0] == '\\' && from[1] == 't') {
            *into++ = '\t';
            from++;
        } else if (from[0] == '\\' && from[1] != '\0') {
            *into++ = *from++;
            *into++ = *from;
        } else {
            *into++ = *from;
        }
    }
    *into = '\0';
    return copy;
}

bool
fields_compile(const char *text, regex_t *ret, char **ret_problem)
{
    char *expression = with_tabs(text);
    char reason[128];
    int error;

    *ret_problem = NULL;
    if (expression == NULL)
        return false;
    error = regcomp(ret, expression, REG_EXTENDED);
    free(expression);
    if (error == 0)
        return true;
    regerror(error, ret, reason, sizeof(reason));
    if (asprintf(ret_problem, "'%s' is no regular expression: %s", text, reason) < 0)
        *ret_problem = NULL;
    return false;
}
