// Values of plug-ins: what is refused and why, line ends, and the bound on what jansson gets.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "builtin/plugin_value.h"

#include <stdlib.h>
#include <string.h>

static void
test_check(void **state)
{
    (void)state;
    assert_null(plugin_value_check(SPAN(" [1e400, \"\\ud800\"] "), 1));
    assert_null(plugin_value_check(SPAN("5"), 1));
    assert_non_null(strstr(plugin_value_check(SPAN("[[]]"), 1), "depth-max"));
    assert_non_null(strstr(plugin_value_check(SPAN("\"\xff\""), 1), "not UTF-8"));
    assert_non_null(strstr(plugin_value_check(SPAN(""), 1), "not JSON"));
    assert_non_null(strstr(plugin_value_check(SPAN("1 2"), 1), "not JSON"));
    assert_non_null(strstr(plugin_value_check(SPAN("1\0"), 1), "not JSON"));
    assert_non_null(strstr(plugin_value_check(SPAN("\"a\nb\""), 1), "not JSON"));
    assert_non_null(strstr(plugin_value_check((struct span){0}, 1), "no value"));
}

static void
test_line(void **state)
{
    char *line = plugin_value_line(SPAN("{\r\n\t\"a\\n\" :\n1}\n"));

    (void)state;
    assert_string_equal(line, "{  \t\"a\\n\" : 1} ");
    free(line);
}

static void
test_dump(void **state)
{
    json_t *loop = json_array();
    json_t *inner = json_array();
    char *text = plugin_value_dump(json_pack("[i,s,n]", 1, "\n"));

    (void)state;
    assert_string_equal(text, "[1,\"\\n\",null]");
    free(text);
    text = plugin_value_dump(json_true());
    assert_string_equal(text, "true");
    free(text);
    assert_null(plugin_value_dump(NULL));
    assert_null(plugin_value_dump(json_string_nocheck("\xff")));
    json_array_append(loop, inner);
    json_array_append(inner, loop);
    assert_null(plugin_value_dump(json_incref(loop)));
    json_array_clear(inner);
    json_decref(inner);
    json_decref(loop);
}

static void
test_load(void **state)
{
    json_error_t error;
    json_t *value = plugin_value_load(SPAN("{\"a\":[1,2.5,{}],\"b\":null}"), &error);

    (void)state;
    assert_int_equal(json_array_size(json_object_get(value, "a")), 3);
    json_decref(value);
    assert_null(plugin_value_load(SPAN("[9223372036854775808]"), &error));
    assert_non_null(strstr(error.text, "integer"));
    assert_null(plugin_value_load(SPAN("[1e400]"), &error));
    assert_null(plugin_value_load(SPAN("[\"\\u0000\"]"), &error));
    assert_true(error.text[0] != '\0');
}

// PIECE `count` times between brackets, which are one value more.
static json_t *
load_many(const char *piece, size_t count, json_error_t *error)
{
    size_t size = strlen(piece);
    char *text = malloc(2 + count * (size + 1));
    char *at = text;
    json_t *value;

    assert_non_null(text);
    *at++ = '[';
    for (size_t i = 0; i < count; i++) {
        memcpy(at, piece, size);
        at += size;
        *at++ = i + 1 < count ? ',' : ']';
    }
    value = plugin_value_load((struct span){.at = text, .length = (size_t)(at - text)}, error);
    free(text);
    return value;
}

static void
check_bound(const char *piece, size_t values)
{
    size_t fitting = (PLUGIN_VALUES_MAX - 1) / values;
    json_error_t error = {0};
    json_t *value = load_many(piece, fitting, &error);

    if (value == NULL)
        fail_msg("%zu times %s: %s", fitting, piece, error.text);
    assert_int_equal(json_array_size(value), fitting);
    json_decref(value);
    assert_null(load_many(piece, fitting + 1, &error));
    assert_string_equal(error.text, "more than 262144 values");
}

static void
test_load_is_bounded(void **state)
{
    (void)state;
    check_bound("1", 1);
    check_bound("{}", 1);
    check_bound("[[]]", 2);
    check_bound("{\"a,[{\":\"\\\",,,\",\"b\":[]}", 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_dump),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_load_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
