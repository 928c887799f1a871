// What the answers of the pool of `offload run` mean, what its children are told, and which words
// have places.
#include "client/run_child.h"
#include "client/run_pool.h"
#include "client/template.h"
#include "tests/unit/client/capture.h"

#include <stdlib.h>
#include <string.h>

static void
exit_statuses(void **state)
{
    static const struct {
        const char *error;
        bool known;
        int status;
    } errors[] = {
        {"{\"code\":-32010,\"data\":{\"cause\":\"exit\",\"exit_code\":3}}", true, 3},
        {"{\"code\":-32010,\"data\":{\"cause\":\"signal\",\"signal\":\"SIGKILL\"}}", true, 137},
        {"{\"code\":-32010,\"data\":{\"cause\":\"signal\",\"signal\":\"SIGTERM\"}}", true, 143},
        {"{\"code\":-32010,\"data\":{\"cause\":\"oom\",\"signal\":\"SIGKILL\"}}", true, 137},
        {"{\"code\":-32010,\"data\":{\"cause\":\"signal\",\"signal\":\"SIGNONE\"}}", false, 0},
        {"{\"code\":-32010,\"data\":{\"cause\":\"signal\"}}", false, 0},
        {"{\"code\":-32011,\"data\":{\"cause\":\"timeout.run\"}}", false, 0},
        {"{\"code\":-32005}", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        int status = 0;

        assert_int_equal(run_pool_exit(span_of(errors[i].error), &status), errors[i].known);
        assert_int_equal(status, errors[i].status);
    }
}

static void
calls(void **state)
{
    struct job job = {.seq = 4, .files = {5, 6}};
    char expected[256];
    size_t length;
    char *call;

    (void)state;
    assert_true(job_text_set(&job.params, SPAN("[\"a\\\"\"]")));
    call = run_pool_call(&job, 1500000, &length);
    snprintf(expected, sizeof(expected),
             "{\"stdin\":\"{\\\"seq\\\":4,\\\"client\\\":%d,\\\"files\\\":[5,6],\\\"argv\\\":"
             "[\\\"a\\\\\\\"\\\"]}\",\"timeouts\":{\"run\":1.500000}}",
             (int)getpid());
    assert_string_equal(call, expected);
    assert_int_equal(length, strlen(expected));
    free(call);
    job.files[0] = job.files[1] = 0; // they are nobody's
    job_done(&job);
}

static void
places_in_words(void **state)
{
    static const struct fields none;

    (void)state;
    assert_true(template_has_place_in(SPAN("a{.}b"), &none));
    assert_true(template_has_place_in(SPAN("{{#}"), &none));
    assert_false(template_has_place_in(SPAN("{ print $1 }"), &none));
    assert_false(template_has_place_in(SPAN("{name}"), &none));
    assert_true(template_has_place_in(SPAN("{name}"), NULL));
    assert_false(template_has_place_in(SPAN("}{"), NULL));
}

static void
the_word_of_the_child(void **state)
{
    (void)state;
    assert_true(run_child_is_meant((char *[]){(char *)"offload", (char *)RUN_CHILD_WORD, NULL}));
    assert_false(run_child_is_meant((char *[]){(char *)"offload", NULL}));
    assert_false(run_child_is_meant(
        (char *[]){(char *)"offload", (char *)RUN_CHILD_WORD, (char *)"x", NULL}));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_statuses),
        cmocka_unit_test(calls),
        cmocka_unit_test(places_in_words),
        cmocka_unit_test(the_word_of_the_child),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
