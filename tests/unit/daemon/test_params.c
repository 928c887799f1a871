// The params of the daemon's own methods: by name and by position, and every way to have them
// wrong.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "daemon/params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct param table[] = {
    {.name = "pool", .kind = PARAM_STRING, .required = true, .expected = "a name"},
    {.name = "slot", .kind = PARAM_NUMBER, .most = 1023, .expected = "a slot"},
    {.name = "usage", .kind = PARAM_BOOLEAN, .expected = "true or false"},
};

static struct param_value values[PARAMS_MAX];

static void
accept(const char *text, size_t count)
{
    size_t length = 0;
    char *error = NULL;

    memset(values, 0x55, sizeof(values));
    if (!params_read(table, count, span_of(text), values, &error, &length))
        fail_msg("%s: %s", text, error);
}

static void
refuse_of(const char *text, size_t count, const char *data)
{
    size_t length = 0;
    char *error = NULL;
    char expected[512];

    snprintf(expected, sizeof(expected),
             "{\"code\":-32602,\"message\":\"Invalid params\",\"data\":{%s}}", data);
    assert_false(params_read(table, count, span_of(text), values, &error, &length));
    assert_string_equal(error, expected);
    assert_int_equal(length, strlen(error));
    free(error);
}

static void
expect(const char *pool, int slot, int usage)
{
    assert_int_equal(values[0].given, pool != NULL);
    if (pool != NULL)
        assert_true(span_is(values[0].string, pool));
    assert_int_equal(values[1].given, slot >= 0);
    if (slot >= 0)
        assert_int_equal(values[1].number, slot);
    assert_int_equal(values[2].given, usage >= 0);
    assert_int_equal(values[2].boolean, usage == 1);
}

static void
test_accepted(void **state)
{
    (void)state;
    accept("{\"pool\":\"cpu\",\"slot\":7,\"usage\":true}", 3);
    expect("cpu", 7, 1);
    accept(" [ \"cpu\" , 1023 , false ] ", 3);
    expect("cpu", 1023, 0);
    accept("{\"slot\":0,\"p\\u006fol\":\"c\\u0070u\"}", 3); // escapes of a value are left
    expect("c\\u0070u", 0, -1);
    accept("[\"\"]", 3);
    expect("", -1, -1);
    accept("{\"pool\":\"a\",\"slot\":1,\"pool\":\"b\"}", 3); // the last counts
    expect("b", 1, -1);
}

static void
test_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        static const char *const texts[] = {NULL, "[]", " { } "};

        accept(texts[i], 0);
        expect(NULL, -1, -1);
        refuse_of(texts[i], 3,
                  "\"member\":\"pool\",\"reason\":\"missing\",\"expected\":\"a name\"");
    }
    refuse_of("[1]", 0, "\"member\":\"params\",\"reason\":\"too many\",\"expected\":\"no params\"");
    refuse_of("{\"x\":1}", 0,
              "\"member\":\"params\",\"reason\":\"too many\",\"expected\":\"no params\"");
}

static void
test_wrong(void **state)
{
#define WRONG(member, reason, expected) \
    "\"member\":\"" member "\",\"reason\":\"" reason "\",\"expected\":\"" expected "\""
    static const struct {
        const char *text;
        const char *data;
    } cases[] = {
        {"{\"pool\":5}", WRONG("pool", "wrong type", "a name")},
        {"[null]", WRONG("pool", "wrong type", "a name")},
        {"{\"pool\":\"a\",\"slot\":\"1\"}", WRONG("slot", "wrong type", "a slot")},
        {"[\"a\",-1]", WRONG("slot", "negative", "a slot")},
        {"[\"a\",1.0]", WRONG("slot", "not a whole number", "a slot")},
        {"[\"a\",1e2]", WRONG("slot", "not a whole number", "a slot")},
        {"[\"a\",1024]", WRONG("slot", "too large", "a slot")},
        {"[\"a\",99999999999999999999999999]", WRONG("slot", "too large", "a slot")},
        {"[\"a\",1,1]", WRONG("usage", "wrong type", "true or false")},
        {"[\"a\",1,null]", WRONG("usage", "wrong type", "true or false")},
        {"[\"a\",1,true,2]", WRONG("params", "too many", "only pool, slot and usage")},
        {"{\"pool\":\"a\",\"Slot\":1}",
         WRONG("Slot", "unknown member", "only pool, slot and usage")},
        {"{\"slot\":1}", WRONG("pool", "missing", "a name")},
        {"5", WRONG("params", "not JSON", "an array or an object")},
        {"\"pool\"", WRONG("params", "not JSON", "an array or an object")},
        {"{\"pool\":\"a\"", WRONG("params", "not JSON", "an array or an object")},
        {"[\"a\",", WRONG("params", "not JSON", "an array or an object")},
        {"[\"a\"] 1", WRONG("params", "not JSON", "an array or an object")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refuse_of(cases[i].text, 3, cases[i].data);
    refuse_of("{\"slot\":1}", 1, WRONG("slot", "unknown member", "only pool"));
    refuse_of("{\"usage\":1}", 2, WRONG("usage", "unknown member", "only pool and slot"));
}

static void
test_said_later(void **state)
{
    size_t length = 0;
    char *error = params_error(&table[0], "no such pool", &length);

    (void)state;
    assert_string_equal(error, "{\"code\":-32602,\"message\":\"Invalid params\",\"data\":{"
                               "\"member\":\"pool\",\"reason\":\"no such pool\","
                               "\"expected\":\"a name\"}}");
    assert_int_equal(length, strlen(error));
    free(error);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_said_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
