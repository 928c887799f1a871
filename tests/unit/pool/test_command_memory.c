// Out of memory in job commands: each allocation fails in turn, and nothing is made by halves.
#include "model/template.h"
#include "pool/command_json.h"
#include "tests/unit/failing_malloc.h"
#include "tests/unit/pool/command_fixture.h"

static void
test_template(void **state)
{
    char *argv[] = {(char *)"x", (char *)"{a}-{slot}", NULL};
    char *environment[] = {(char *)"A={a}", NULL};
    struct template_source source = {.argv = argv, .environment = environment, .stdin_param = "in"};

    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        char text[128] = "";
        struct template *template = template_new(&source, text, sizeof(text));
        struct template_filled filled;
        struct argument_fault fault;

        assert_int_equal(template == NULL, allocation_has_failed);
        if (template == NULL) {
            assert_non_null(strstr(text, "out of memory"));
            continue;
        }
        int error = template_fill(template, SPAN("[1,\"x\"]"), 0, &filled, &fault);
        assert_int_equal(error, allocation_failed() ? -ENOMEM : 0);
        if (error == 0)
            template_filled_done(&filled);
        template_free(template);
    }
}

static void
test_json(void **state)
{
    struct command_result result = {
        .output = {{.bytes = SPAN("a")}, {.bytes = SPAN("\xFF"), .truncated = true}}};

    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        size_t length = 77;
        char *json = command_result_json(&result, &length);

        assert_int_equal(json == NULL, allocation_failed());
        assert_true(json != NULL || length == 77);
        free(json);
    }
    FAIL_EACH_ALLOCATION(run)
    {
        size_t length = 77;
        char *json = command_output_json(COMMAND_STDOUT, SPAN("a"), 1, &length);

        assert_int_equal(json == NULL, allocation_failed());
        free(json);
    }
}

static size_t kept_length;
static bool kept_truncated;
static int ends;

static void
its_end_cb(void *context, struct command *command, const struct command_result *result)
{
    (void)context;
    (void)command;
    kept_length = result->output[0].bytes.length;
    kept_truncated = result->output[0].truncated;
    ends++;
}

static void
test_command(void **state)
{
    static const struct command_callbacks callbacks = {.ended = its_end_cb};
    char *argv[] = {(char *)"/bin/cat", NULL};
    struct command_request request = {
        .argv = argv, .envp = command_environment, .input = SPAN("hello")};
    struct fixture fixture;
    size_t before;

    (void)state;
    fixture_open(&fixture);
    loop_settle(&fixture.loop);
    before = count_descriptors();
    FAIL_EACH_ALLOCATION(run)
    {
        int error = 0;
        struct command *command =
            command_new(&fixture.settings, &request, &callbacks, NULL, &error);

        if (command == NULL) {
            assert_true(allocation_failed());
            assert_int_equal(error, -ENOMEM);
            LOOP_UNTIL(&fixture.loop, waitpid(-1, NULL, WNOHANG) == -1);
            loop_settle(&fixture.loop);
        } else {
            ends = 0;
            LOOP_UNTIL(&fixture.loop, ends);
            loop_settle(&fixture.loop);
            if (allocation_failed())
                assert_true(kept_truncated && kept_length == 0);
            else
                assert_true(!kept_truncated && kept_length == 5);
        }
        assert_int_equal(count_descriptors(), before);
    }
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_template), cmocka_unit_test(test_json),
                                       cmocka_unit_test(test_command)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
