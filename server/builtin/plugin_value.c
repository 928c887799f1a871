// See plugin_value.h.
#include "builtin/plugin_value.h"

#include "common/scanner.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

const char *
plugin_value_check(struct span text, unsigned depth_max)
{
    if (!span_present(text))
        return "it gave no value that can be written as JSON";
    switch (scanner_check(text, depth_max)) {
    case SCAN_OK:
        return NULL;
    case SCAN_DEPTH:
        return "it gave a value that is nested deeper than depth-max";
    case SCAN_UTF8:
        return "it gave a text that is not UTF-8";
    case SCAN_SYNTAX:
        break;
    }
    return "it gave a text that is not JSON";
}

char *
plugin_value_line(struct span text)
{
    char *copy = malloc(text.length + 1);

    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < text.length; i++)
        copy[i] = text.at[i] == '\n' || text.at[i] == '\r' ? ' ' : text.at[i];
    copy[text.length] = '\0';
    return copy;
}

char *
plugin_value_dump(json_t *value)
{
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    json_decref(value);
    return text;
}

// ---- values, counted before they cost ------------------------------------------------------

static void count_value(struct scanner *scanner, size_t *count);

static void
count_container(struct scanner *scanner, enum json_kind kind, size_t *count)
{
    struct span name;

    if (!scanner_enter(scanner, kind))
        return;
    while (*count <= PLUGIN_VALUES_MAX &&
           (kind == JSON_KIND_ARRAY ? scanner_element(scanner) : scanner_member(scanner, &name)))
        count_value(scanner, count);
}

// Calls itself for what is inside, SCANNER_DEPTH_LIMIT deep at most.
static void
count_value(struct scanner *scanner, size_t *count)
{
    enum json_kind kind;
    struct span value;

    ++*count;
    if (!scanner_peek(scanner, &kind))
        return;
    if (kind == JSON_KIND_ARRAY || kind == JSON_KIND_OBJECT)
        count_container(scanner, kind, count);
    else
        scanner_value(scanner, &kind, &value);
}

static bool
is_bounded(struct span text)
{
    struct scanner scanner;
    size_t count = 0;

    scanner_init(&scanner, text, SCANNER_DEPTH_LIMIT);
    count_value(&scanner, &count);
    return count <= PLUGIN_VALUES_MAX;
}

json_t *
plugin_value_load(struct span text, json_error_t *ret_error)
{
    if (is_bounded(text))
        return json_loadb(text.at, text.length, JSON_DECODE_ANY, ret_error);
    snprintf(ret_error->text, sizeof(ret_error->text), "more than %d values", PLUGIN_VALUES_MAX);
    return NULL;
}
