// See compare.h.
#include "compare.h"

#include <jansson.h>
#include <string.h>

static bool
is_number(const json_t *value)
{
    return json_is_number(value);
}

static bool
is_string(const json_t *value)
{
    return json_is_string(value);
}

static bool
is_object(const json_t *value)
{
    return json_is_object(value);
}

static const struct {
    const char *quoted;
    bool (*accepts)(const json_t *value);
} placeholders[] = {
    {"\"<number>\"", is_number},
    {"\"<string>\"", is_string},
    {"\"<object>\"", is_object},
};
#define PLACEHOLDERS (sizeof(placeholders) / sizeof(placeholders[0]))

static bool
has_placeholder(const char *shown)
{
    for (size_t i = 0; i < PLACEHOLDERS; i++)
        if (strstr(shown, placeholders[i].quoted) != NULL)
            return true;
    return false;
}

static bool
is_placeholder(const json_t *shown, size_t which)
{
    const char *text = json_string_value(shown);
    const char *quoted = placeholders[which].quoted;

    return text != NULL && strlen(text) + 2 == strlen(quoted) &&
           memcmp(text, quoted + 1, strlen(text)) == 0;
}

static bool value_is_as_shown(const json_t *value, const json_t *shown);

static bool
object_is_as_shown(const json_t *value, const json_t *shown)
{
    const char *name;
    json_t *member;

    if (!json_is_object(value) || json_object_size(value) != json_object_size(shown))
        return false;
    json_object_foreach ((json_t *)shown, name, member)
        if (!value_is_as_shown(json_object_get(value, name), member))
            return false;
    return true;
}

static bool
array_is_as_shown(const json_t *value, const json_t *shown)
{
    if (!json_is_array(value) || json_array_size(value) != json_array_size(shown))
        return false;
    for (size_t i = 0; i < json_array_size(shown); i++)
        if (!value_is_as_shown(json_array_get(value, i), json_array_get(shown, i)))
            return false;
    return true;
}

static bool
value_is_as_shown(const json_t *value, const json_t *shown)
{
    if (value == NULL)
        return false;
    for (size_t i = 0; i < PLACEHOLDERS; i++)
        if (is_placeholder(shown, i))
            return placeholders[i].accepts(value);
    if (json_is_object(shown))
        return object_is_as_shown(value, shown);
    if (json_is_array(shown))
        return array_is_as_shown(value, shown);
    return json_equal(value, shown);
}

bool
line_is_as_shown(const char *line, const char *shown_text)
{
    json_auto_t *value = NULL;
    json_auto_t *shown = NULL;

    if (!has_placeholder(shown_text))
        return strcmp(line, shown_text) == 0;
    value = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    shown = json_loads(shown_text, JSON_REJECT_DUPLICATES, NULL);
    return value != NULL && shown != NULL && value_is_as_shown(value, shown);
}
