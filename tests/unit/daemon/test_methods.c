// Methods: what the daemon answers itself; rpc.discover against the rules of OpenRPC. What
// server.status says is in test_status.c.
#include "common/errors.h"
#include "common/log.h"
#include "tests/unit/daemon/view.h"

#include <signal.h>

static void
test_ping(void **state)
{
    struct view view;
    json_t *answer;

    (void)state;
    view_open(&view);
    answer = call(&view, "server.ping");
    assert_string_equal(json_string_value(answer), "pong");
    json_decref(answer);
    view_close(&view);
}

static void
test_unknown(void **state)
{
    static const char *const names[] = {
        "", "ping", "server", "server.pin", "server.pings", "rpc.", "Server.ping", "echo", "sleep"};
    struct session_reply reply = {.length = 77};
    struct view view;

    (void)state;
    view_open(&view);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_false(methods_call(&view.view, span_of(names[i]), (struct span){0}, &reply));
    assert_null(reply.text);
    assert_int_equal(reply.length, 77);
    view_close(&view);
}

static void
note_drain(void *context)
{
    ++*(int *)context;
}

// Only a trusted caller may; and the wish is noted, not fulfilled from inside a session.
static void
test_drain(void **state)
{
    struct session_reply reply = {0};
    struct view view;
    json_t *answer;
    int wishes = 0;

    (void)state;
    view_open(&view);
    view.view.drain = note_drain;
    view.view.drain_context = &wishes;
    assert_true(methods_call(&view.view, SPAN("server.drain"), (struct span){0}, &reply));
    assert_true(reply.failed);
    assert_non_null(strstr(reply.text, "\"code\":-32002"));
    free(reply.text);
    assert_int_equal(wishes, 0);
    view.view.trusted = true;
    answer = call(&view, "server.drain");
    assert_string_equal(json_string_value(json_object_get(answer, "state")), "draining");
    json_decref(answer);
    assert_int_equal(wishes, 1);
    view_close(&view);
}

static void
check_params(struct view *view, const char *params, bool accepted)
{
    struct session_reply reply = {0};

    assert_true(methods_call(&view->view, SPAN("server.ping"), span_of(params), &reply));
    assert_int_equal(reply.failed, !accepted);
    if (!accepted)
        assert_non_null(strstr(reply.text, "\"code\":-32602"));
    free(reply.text);
}

static void
test_params(void **state)
{
    struct view view;

    (void)state;
    view_open(&view);
    check_params(&view, NULL, true);
    check_params(&view, "[]", true);
    check_params(&view, " { } ", true);
    check_params(&view, "[1]", false);
    check_params(&view, "{\"x\":1}", false);
    view_close(&view);
}

// ---- rpc.discover ----------------------------------------------------------------------------

// A schema: an object whose known members have the right types.
static void
check_schema(json_t *schema)
{
    json_t *type = json_object_get(schema, "type");
    json_t *one;
    size_t i;

    assert_true(json_is_object(schema));
    if (json_is_array(type)) // any of several
        json_array_foreach (type, i, one)
            assert_true(json_is_string(one));
    else if (type != NULL)
        text_of(schema, "type");
    if (json_object_get(schema, "minimum") != NULL)
        assert_true(json_is_number(json_object_get(schema, "minimum")));
}

static void
check_method(json_t *method)
{
    json_t *params = json_object_get(method, "params");
    json_t *result = json_object_get(method, "result");
    json_t *param;
    size_t i;

    assert_true(*text_of(method, "name") != '\0');
    assert_true(*text_of(method, "summary") != '\0');
    // job.run and its like take no params by position.
    assert_string_equal(text_of(method, "paramStructure"),
                        strncmp(text_of(method, "name"), "job.", 4) == 0 ? "by-name" : "either");
    assert_true(json_is_array(params));
    json_array_foreach (params, i, param) {
        text_of(param, "name");
        check_schema(json_object_get(param, "schema"));
    }
    text_of(result, "name");
    check_schema(json_object_get(result, "schema"));
}

static json_t *
find_method(json_t *document, const char *name)
{
    json_t *found = NULL;
    json_t *method;
    size_t i;

    json_array_foreach (json_object_get(document, "methods"), i, method) {
        if (strcmp(text_of(method, "name"), name) != 0)
            continue;
        assert_null(found); // names are unique
        found = method;
    }
    return found;
}

static void
test_discover(void **state)
{
    static const char *const names[] = {
        "echo",  "sum_squares",  "answer",       "hang",        "test.echo",
        "sleep", "rpc.discover", "server.drain", "server.ping", "server.status"};
    struct view view;
    json_t *document;
    json_t *method;
    size_t i;

    (void)state;
    view_open(&view);
    document = call(&view, "rpc.discover");
    assert_string_equal(text_of(document, "openrpc"), "1.2.6");
    text_of(json_object_get(document, "info"), "title");
    text_of(json_object_get(document, "info"), "version");
    json_array_foreach (json_object_get(document, "methods"), i, method) {
        check_method(method);
        assert_ptr_equal(find_method(document, text_of(method, "name")), method);
    }
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (find_method(document, names[i]) == NULL)
            fail_msg("%s is missing", names[i]);
    assert_null(find_method(document, "cpu.echo")); // the same as echo
    json_decref(document);
    view_close(&view);
}

// The built-in ones say what they take; the same name served by a program does not.
static void
test_discover_knows_the_builtin(void **state)
{
    struct view view;
    json_t *document;
    json_t *param;

    (void)state;
    view_open(&view);
    document = call(&view, "rpc.discover");
    param = json_array_get(json_object_get(find_method(document, "sum_squares"), "params"), 0);
    assert_string_equal(text_of(param, "name"), "n");
    assert_int_equal(number_of(json_object_get(param, "schema"), "maximum"), 1LL << 42);
    param = json_array_get(json_object_get(find_method(document, "sleep"), "params"), 0);
    assert_string_equal(text_of(param, "name"), "delay");
    assert_string_equal(text_of(find_method(document, "test.echo"), "summary"),
                        "Served by pool test");
    json_decref(document);
    view_close(&view);
}

// Made once, and anew for another configuration.
static void
test_discover_is_kept(void **state)
{
    struct view view;
    json_t *document;
    const char *text;

    (void)state;
    view_open(&view);
    json_decref(call(&view, "rpc.discover"));
    text = view.discovery.text;
    assert_non_null(text);
    json_decref(call(&view, "rpc.discover"));
    assert_ptr_equal(view.discovery.text, text);
    view.pools[0].kind = POOL_PROGRAM;
    view.view.reload.generation++;
    document = call(&view, "rpc.discover");
    assert_string_equal(text_of(find_method(document, "echo"), "summary"), "Served by pool cpu");
    assert_int_equal(view.discovery.generation, view.view.reload.generation);
    json_decref(document);
    view_close(&view);
}

static void
test_discover_errors(void **state)
{
    struct view view;
    json_t *document;
    json_t *errors;
    size_t count;
    const struct error_info *table = error_table(&count);

    (void)state;
    view_open(&view);
    document = call(&view, "rpc.discover");
    errors = json_object_get(json_object_get(document, "components"), "errors");
    assert_int_equal(json_object_size(errors), count);
    for (size_t i = 0; i < count; i++) {
        json_t *error = json_object_get(errors, table[i].name);

        assert_int_equal(number_of(error, "code"), table[i].code);
        assert_string_equal(text_of(error, "message"), table[i].text);
    }
    json_decref(document);
    view_close(&view);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ping),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_discover),
        cmocka_unit_test(test_discover_knows_the_builtin),
        cmocka_unit_test(test_discover_is_kept),
        cmocka_unit_test(test_discover_errors),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
