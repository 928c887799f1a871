// Plays every example of a protocol document against a real daemon, and checks that the document
// leaves nothing out: every method, every error, every limit, every kind of message has its
// example.
//
//     documents_protocol FILE [PATTERN]     PATTERN (with * and ?) picks examples by their titles
#include "common/errors.h"
#include "compare.h"
#include "document.h"
#include "play.h"
#include "tests/functional/assertions.h"
#include "tests/functional/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// `part` may stand anywhere in the line; with a '^' before it, it is the beginning.
static bool
has_part(const char *line, const char *part)
{
    return part[0] == '^' ? strncmp(line, part + 1, strlen(part + 1)) == 0
                          : strstr(line, part) != NULL;
}

static bool
is_shown(const struct document *document, enum step_kind kind, const char *part)
{
    for (size_t i = 0; i < document->example_count; i++)
        for (size_t j = 0; j < document->examples[i].count; j++) {
            const struct step *step = &document->examples[i].steps[j];

            if (step->kind == kind && has_part(step->text, part))
                return true;
        }
    return false;
}

static void
expect_shown(const struct document *document, enum step_kind kind, const char *part)
{
    if (!is_shown(document, kind, part))
        fail_msg("no example has a line with %s", part);
}

// ---- methods ---------------------------------------------------------------------------------

static void
every_method_has_an_example(struct fixture *fixture)
{
    const struct example_scenario *scenario =
        (const struct example_scenario *)(const void *)fixture->scenario;
    struct peer *peer = open_tcp(fixture);
    json_auto_t *response =
        parse_json(peer_ask(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}"));
    json_t *methods = json_at(response, "result.methods");
    json_t *method;
    size_t i;

    assert_true(json_array_size(methods) > 0);
    json_array_foreach (methods, i, method) {
        char part[128];

        snprintf(part, sizeof(part), "\"method\":\"%s\"", check_text(method, "name"));
        expect_shown(scenario->document, STEP_SEND, part);
    }
}

// ---- errors ----------------------------------------------------------------------------------

// Codes of the table that nothing sends. Whoever makes one of them real takes it out of here, and
// gives it an example.
static const enum error_code reserved[] = {
    ERROR_INTERNAL,
    ERROR_UNKNOWN_JOB,
    ERROR_QUOTA,
};

static bool
is_reserved(int code)
{
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        if ((int)reserved[i] == code)
            return true;
    return false;
}

static void
check_error(const struct document *document, const struct error_info *info)
{
    char row[256];
    char part[128];
    const char *at;

    snprintf(row, sizeof(row), "\n| %d | %s | %s | %d | ", info->code, info->name, info->text,
             info->exit_status);
    at = strstr(document->text, row);
    if (at == NULL)
        fail_msg("the document has no line %s...", row + 1);
    if ((strncmp(at + strlen(row), "reserved", 8) == 0) != is_reserved(info->code))
        fail_msg("%s: the document is wrong about whether it is reserved", info->name);
    snprintf(part, sizeof(part), "{\"code\":%d,\"message\":\"%s\"", info->code, info->text);
    if (is_shown(document, STEP_RECEIVE, part) == is_reserved(info->code))
        fail_msg("%s: a reserved error has an example, or another has none", info->name);
}

static void
every_error_has_an_example(void **state)
{
    const struct example_scenario *scenario = *state;
    size_t count;
    const struct error_info *table = error_table(&count);

    for (size_t i = 0; i < count; i++)
        check_error(scenario->document, &table[i]);
}

// ---- limits ----------------------------------------------------------------------------------

static void
every_limit_has_an_example(void **state)
{
    static const char *const with_error[] = {"line-max",   "depth-max",        "batch-max",
                                             "queue-max",  "queue-memory-max", "sessions-max",
                                             "output-max", "gather-max",       "gather-depth-max"};
    static const char *const without[] = {"in-flight-max", "write-timeout", "line-timeout",
                                          "idle-timeout"};
    const struct example_scenario *scenario = *state;
    char part[128];

    for (size_t i = 0; i < sizeof(with_error) / sizeof(with_error[0]); i++) {
        snprintf(part, sizeof(part), "\"limit\":\"%s\"", with_error[i]);
        expect_shown(scenario->document, STEP_RECEIVE, part);
    }
    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
        snprintf(part, sizeof(part), "\n| `%s` | ", without[i]);
        if (strstr(scenario->document->text, part) == NULL)
            fail_msg("the table of limits has no %s", without[i]);
    }
}

// ---- kinds -----------------------------------------------------------------------------------

static const struct {
    const char *what;
    enum step_kind kind;
    const char *part;
} kinds[] = {
    {"params by name", STEP_SEND, "\"params\":{"},
    {"params by position", STEP_SEND, "\"params\":["},
    {"no params", STEP_SEND, "\"id\":1,\"method\":\"server.ping\"}"},
    {"an id that is a string", STEP_SEND, "\"id\":\""},
    {"an id that is null", STEP_SEND, "\"id\":null,\"method\""},
    {"a notification", STEP_SEND, "^{\"jsonrpc\":\"2.0\",\"method\":\"echo\""},
    {"a notification of an unknown method", STEP_SEND, "^{\"jsonrpc\":\"2.0\",\"method\":\"no_"},
    {"options", STEP_SEND, "\"options\":{"},
    {"an unknown option", STEP_RECEIVE, "\"reason\":\"unknown option\""},
    {"a wrong option", STEP_RECEIVE, "\"member\":\"options."},
    {"a timeout of each kind", STEP_SEND, "\"timeouts\":{\"queue\":"},
    {"a timeout of each kind", STEP_SEND, "\"timeouts\":{\"run\":"},
    {"a timeout of each kind", STEP_SEND, "\"timeouts\":{\"silence\":"},
    {"a timeout of each kind", STEP_SEND, "\"timeouts\":{\"total\":"},
    {"retries", STEP_SEND, "\"retries\":"},
    {"asking for progress", STEP_SEND, "\"progress\":true"},
    {"asking for progress by a token", STEP_SEND, "\"progress\":\""},
    {"the method job.run", STEP_SEND, "\"method\":\"job.run\""},
    {"each mode of a gather", STEP_SEND, "\"mode\":\"settled\""},
    {"each mode of a gather", STEP_SEND, "\"mode\":\"any\""},
    {"each mode of a gather", STEP_SEND, "\"mode\":\"first\""},
    {"a limit", STEP_SEND, "\"limit\":1"},
    {"an outcome of a gather", STEP_RECEIVE, "\"kind\":\"partial\",\"index\":1"},
    {"a gather within a gather", STEP_SEND, "\"calls\":[{\"method\":\"job.gather\""},
    {"progress", STEP_RECEIVE,
     "^{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":"},
    {"a batch", STEP_SEND, "^[{\"jsonrpc\":\"2.0\",\"id\""},
    {"a batch of notifications", STEP_SEND, "^[{\"jsonrpc\":\"2.0\",\"method\""},
    {"an empty batch", STEP_SEND, "^[]"},
    {"a broken batch", STEP_SEND, "^[1,{"},
    {"a response to the daemon", STEP_SEND, "\"id\":5,\"result\":6"},
    {"a cancelling", STEP_SEND,
     "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":"},
    {"an HTTP request", STEP_SEND, "POST / HTTP/1.1"},
    {"a carriage return", STEP_SEND, "<CR>"},
    {"a last line without newline", STEP_FINISH, "{\"jsonrpc\""},
    {"the daemon closing", STEP_CLOSED, ""},
    {"a result", STEP_RECEIVE, "\"result\":"},
    {"an error", STEP_RECEIVE, "\"error\":"},
    {"an array of answers", STEP_RECEIVE, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\""},
    {"an id in flight already", STEP_RECEIVE, "id is in flight already"},
    {"a POOL.METHOD", STEP_SEND, "\"method\":\"cpu.echo\""},
    {"a death by signal", STEP_RECEIVE, "\"cause\":\"signal\""},
    {"a death by exit", STEP_RECEIVE, "\"cause\":\"exit\""},
    {"a death because somebody wanted it", STEP_RECEIVE, "\"cause\":\"killed\""},
    {"a breach of protocol", STEP_RECEIVE, "\"cause\":\"protocol\""},
    {"a program that is not there", STEP_RECEIVE, "\"cause\":\"start\""},
    {"the end of each timeout", STEP_RECEIVE, "\"cause\":\"timeout.queue\""},
    {"the end of each timeout", STEP_RECEIVE, "\"cause\":\"timeout.run\""},
    {"the end of each timeout", STEP_RECEIVE, "\"cause\":\"timeout.silence\""},
    {"the end of each timeout", STEP_RECEIVE, "\"cause\":\"timeout.total\""},
    {"a job that ran twice", STEP_RECEIVE, "\"attempts\":2"},
    {"a command's input", STEP_SEND, "\"options\":{\"stdin\":"},
    {"a command's result", STEP_RECEIVE, "\"result\":{\"exit_code\":0,\"stdout\":"},
    {"a command's output", STEP_RECEIVE, "\"kind\":\"output\",\"stream\":\"stdout\""},
    {"a stop", STEP_HAPPENS, "the daemon gets SIGTERM"},
    {"a worker's request", STEP_WORKER_GETS, "\"method\""},
    {"a worker's result", STEP_WORKER_SAYS, "\"result\""},
    {"a worker's own error", STEP_WORKER_SAYS, "\"error\""},
    {"a worker's progress", STEP_WORKER_SAYS, "\"method\":\"$/progress\""},
    {"a worker that says it is ready", STEP_WORKER_SAYS, "\"method\":\"worker.ready\"}"},
    {"a worker that understands cancelling", STEP_WORKER_SAYS, "\"cancel\":true"},
    {"a worker asked to cancel", STEP_WORKER_GETS, "\"method\":\"$/cancelRequest\""},
};

static void
every_kind_of_message_has_an_example(void **state)
{
    const struct example_scenario *scenario = *state;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (!is_shown(scenario->document, kinds[i].kind, kinds[i].part))
            fail_msg("no example shows %s: %s", kinds[i].what, kinds[i].part);
}

// An example in which the daemon says nothing proves nothing.
static void
every_example_has_an_answer(void **state)
{
    const struct example_scenario *scenario = *state;

    for (size_t i = 0; i < scenario->document->example_count; i++) {
        const struct example *example = &scenario->document->examples[i];
        bool answered = false;

        for (size_t j = 0; j < example->count; j++)
            answered |= example->steps[j].kind == STEP_RECEIVE;
        if (!answered)
            fail_msg("%s: the daemon says nothing", example->title);
    }
}

static void
comparing_sees_differences(void **state)
{
    (void)state;
    assert_true(line_is_as_shown("{\"a\":1}", "{\"a\":1}"));
    assert_false(line_is_as_shown("{\"a\": 1}", "{\"a\":1}"));
    assert_true(line_is_as_shown("{\"b\":2,\"a\": 1}", "{\"a\":\"<number>\",\"b\":2}"));
    assert_false(line_is_as_shown("{\"a\":\"1\"}", "{\"a\":\"<number>\"}"));
    assert_false(line_is_as_shown("{\"a\":1}", "{\"a\":\"<string>\"}"));
    assert_false(line_is_as_shown("{\"a\":1,\"b\":2}", "{\"a\":\"<number>\"}"));
    assert_false(line_is_as_shown("{\"a\":1}", "{\"a\":\"<number>\",\"b\":2}"));
    assert_false(line_is_as_shown("[1,2]", "[\"<number>\"]"));
    assert_false(line_is_as_shown("[{}]", "[\"<object>\",\"<object>\"]"));
    assert_false(line_is_as_shown("{\"a\":1,\"b\":3}", "{\"a\":\"<number>\",\"b\":2}"));
}

// ---- main ------------------------------------------------------------------------------------

#define CHECK(function)                                                     \
    {                                                                       \
        .name = #function, .test_func = (function), .initial_state = &whole \
    }

static int
run(const struct document *document)
{
    struct example_scenario whole = {.scenario = {.run = every_method_has_an_example},
                                     .document = document};
    const struct CMUnitTest checks[] = {
        CHECK(every_error_has_an_example),
        CHECK(every_limit_has_an_example),
        CHECK(every_kind_of_message_has_an_example),
        CHECK(every_example_has_an_answer),
        CHECK(comparing_sees_differences),
        {.name = "every_method_has_an_example",
         .test_func = fixture_run,
         .setup_func = fixture_set_up,
         .teardown_func = fixture_tear_down,
         .initial_state = &whole},
    };
    size_t check_count = sizeof(checks) / sizeof(checks[0]);
    size_t count = document->example_count;
    struct CMUnitTest *tests = calloc(count + check_count, sizeof(*tests));
    struct example_scenario *scenarios = calloc(count + 1, sizeof(*scenarios));
    int failed;

    if (tests == NULL || scenarios == NULL)
        return EXIT_FAILURE;
    memcpy(tests, checks, sizeof(checks));
    for (size_t i = 0; i < count; i++) {
        scenarios[i] = (struct example_scenario){.scenario = {.run = play_example, .manual = true},
                                                 .document = document,
                                                 .example = &document->examples[i]};
        tests[check_count + i] = (struct CMUnitTest){.name = document->examples[i].title,
                                                     .test_func = fixture_run,
                                                     .setup_func = fixture_set_up,
                                                     .teardown_func = fixture_tear_down,
                                                     .initial_state = &scenarios[i]};
    }
    // What the macro cmocka_run_group_tests makes of an array whose size it can see.
    failed = _cmocka_run_group_tests("examples", tests, count + check_count, NULL, NULL);
    free(tests);
    free(scenarios);
    return failed;
}

int
main(int argc, char *argv[])
{
    struct document document;
    int status = EXIT_FAILURE;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: documents_protocol FILE [PATTERN]\n");
        return 64;
    }
    fixture_prepare(argc - 1, argv + 1);
    if (document_read(&document, argv[1]))
        status = run(&document);
    document_done(&document);
    return status;
}
