// See check.h.
#include "check.h"

#include "assertions.h"
#include "common/errors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *
parse_json(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);

    if (value == NULL)
        fail_msg("not JSON (%s): %.1000s", error.text, text);
    return value;
}

// What follows `{"jsonrpc":"2.0","id":ID,"NAME":` on the line, without the last brace, as a new
// string.
static char *
member_text(const char *line, const char *id, const char *name)
{
    char *start = NULL;
    size_t length = strlen(line);
    int start_length = asprintf(&start, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"%s\":", id, name);
    char *text;

    assert_true(start_length >= 0);
    if (strncmp(line, start, (size_t)start_length) != 0 || line[length - 1] != '}')
        fail_msg("expected %s...}\n     got %.1000s", start, line);
    text = strndup(line + start_length, length - (size_t)start_length - 1);
    free(start);
    return text;
}

void
expect_result(const char *line, const char *id, const char *result)
{
    char *text = member_text(line, id, "result");
    bool same = strcmp(text, result) == 0;

    free(text);
    if (!same)
        fail_msg("expected the result %.500s\n     got %.1000s", result, line);
}

// The whole error object (caller decrefs).
static json_t *
error_of(const char *line, const char *id, int code)
{
    char *text = member_text(line, id, "error");
    json_t *error = json_loads(text, 0, NULL);
    json_t *its_code = json_object_get(error, "code");

    free(text);
    if (!json_is_integer(its_code) || json_integer_value(its_code) != code) {
        json_decref(error);
        fail_msg("expected the error %d\n     got %.1000s", code, line);
    }
    return error;
}

void
expect_error(const char *line, const char *id, int code)
{
    json_auto_t *error = error_of(line, id, code);

    check_string(error, "message", error_info(code)->text);
}

json_t *
expect_error_data(const char *line, const char *id, int code)
{
    json_auto_t *error = error_of(line, id, code);
    json_t *data = json_object_get(error, "data");

    check_string(error, "message", error_info(code)->text);
    if (!json_is_object(data))
        fail_msg("expected data in the error: %.1000s", line);
    return json_incref(data);
}

void
expect_limit(const char *line, const char *id, int code, const char *limit)
{
    json_auto_t *data = expect_error_data(line, id, code);

    check_string(data, "limit", limit);
    assert_true(json_is_integer(json_object_get(data, "max")));
    if (code == ERROR_BUSY)
        assert_true(json_number_value(json_object_get(data, "retry_after")) > 0);
}

const char *
check_text(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    if (text == NULL || *text == '\0')
        fail_msg("no text in the member %s", member);
    return text;
}

void
check_string(const json_t *object, const char *member, const char *value)
{
    assert_string_equal(check_text(object, member), value);
}

void
check_integer(const json_t *object, const char *member, json_int_t value)
{
    json_t *got = json_object_get(object, member);

    if (!json_is_integer(got) || json_integer_value(got) != value)
        fail_msg("member %s: expected %lld, got %lld", member, (long long)value,
                 (long long)json_integer_value(got));
}

void
check_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in: %.2000s", part, text);
}

static void
drop_error_data(json_t *response)
{
    json_t *error = json_object_get(response, "error");

    if (error != NULL)
        json_object_del(error, "data");
}

void
expect_same_json(const char *got_text, const char *expected_text)
{
    json_auto_t *got = parse_json(got_text);
    json_auto_t *expected = parse_json(expected_text);
    json_t *response;
    size_t i;

    drop_error_data(got);
    json_array_foreach (got, i, response)
        drop_error_data(response);
    if (!json_equal(got, expected))
        fail_msg("expected %s\n     got %s", expected_text, got_text);
}

json_t *
json_at(json_t *value, const char *path)
{
    char *copy = strdup(path);
    char *rest = copy;
    char *step;

    while (value != NULL && (step = strsep(&rest, ".")) != NULL)
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(step))
                                     : json_object_get(value, step);
    free(copy);
    return value;
}
