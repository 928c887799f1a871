// liboffload without a loop of the caller's: the waiting functions, and connecting.
#include "talk.h"

#include <errno.h>
#include <sys/un.h>

static void
say_first(struct talk *talk, const char *text)
{
    talk_say(talk, text); // it lies in the socket until somebody waits
}

static void
one_call_is_waited_for(void **state)
{
    struct talk talk;
    struct offload_answer answer;
    struct offload_call call = {.method = "m", .progress = talk_progress_cb, .context = &talk};

    (void)state;
    talk_start(&talk, true);
    say_first(&talk, "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":1,"
                     "\"value\":7}}\n" RESULT("1", "[1,2]") "\n");
    assert_int_equal(offload_call_wait(talk.offload, &call, OFFLOAD_FOREVER, &answer), 0);
    assert_int_equal(answer.outcome, OFFLOAD_RESULT);
    assert_string_equal(answer.json, "[1,2]");
    assert_int_equal(answer.length, 5);
    assert_string_equal(talk.seen, "progress 7;");
    offload_answer_done(&answer);
    assert_null(answer.json);
    say_first(&talk, ERROR("2", "-32601") "\n");
    assert_int_equal(offload_call_wait(talk.offload, &call, 60000, &answer), 0);
    assert_int_equal(answer.outcome, OFFLOAD_ERROR);
    assert_int_equal(answer.code, -32601);
    offload_answer_done(&answer);
    call.params = "1";
    assert_int_equal(offload_call_wait(talk.offload, &call, 0, &answer), -EINVAL);
    talk_stop(&talk);
}

static void
a_call_that_is_given_up_is_cancelled(void **state)
{
    struct talk talk;
    struct offload_answer answer = {.code = 42};
    struct offload_call call = {.method = "m"};
    char text[256];

    (void)state;
    talk_start(&talk, true);
    assert_int_equal(offload_call_wait(talk.offload, &call, 1, &answer), -ETIMEDOUT);
    assert_int_equal(answer.code, 42); // untouched
    assert_int_equal(offload_in_flight(talk.offload), 1);
    say_first(&talk, ERROR("1", "-32800") "\n"); // late, and nobody's
    assert_int_equal(offload_wait(talk.offload, 60000), 0);
    assert_true(strstr(talk_heard(&talk, text, sizeof(text)), "$/cancelRequest") != NULL);
    talk_stop(&talk);
}

static void
all_calls_are_waited_for(void **state)
{
    struct talk talk;

    (void)state;
    talk_start(&talk, true);
    assert_int_equal(offload_wait(talk.offload, OFFLOAD_FOREVER), 0); // there are none
    talk_call(&talk, "a", NULL);
    talk_call(&talk, "b", NULL);
    say_first(&talk, RESULT("2", "2") "\n");
    assert_int_equal(offload_wait(talk.offload, 1), -ETIMEDOUT);
    assert_string_equal(talk.seen, "2 result 0 2;");
    say_first(&talk, RESULT("1", "1") "\n");
    assert_int_equal(offload_wait(talk.offload, OFFLOAD_FOREVER), 0);
    assert_string_equal(talk.seen, "2 result 0 2;1 result 0 1;");
    // After the last word: until the daemon has closed.
    offload_finish(talk.offload);
    assert_int_equal(offload_wait(talk.offload, 1), -ETIMEDOUT);
    shutdown(talk.peer, SHUT_WR);
    assert_int_equal(offload_wait(talk.offload, OFFLOAD_FOREVER), 0);
    talk_stop(&talk);
}

static void
the_end_is_told(void **state)
{
    struct talk talk;
    struct offload_answer answer;
    struct offload_call call = {.method = "m"};

    (void)state;
    talk_start(&talk, true);
    talk_call(&talk, "a", NULL);
    shutdown(talk.peer, SHUT_WR);
    assert_int_equal(offload_wait(talk.offload, OFFLOAD_FOREVER), -ENOTCONN);
    assert_int_equal(offload_call_wait(talk.offload, &call, 0, &answer), -ENOTCONN);
    talk_stop(&talk);
    talk_start(&talk, true);
    say_first(&talk, "garbage\n");
    assert_int_equal(offload_call_wait(talk.offload, &call, OFFLOAD_FOREVER, &answer), -EPROTO);
    assert_int_equal(offload_wait(talk.offload, OFFLOAD_FOREVER), -EPROTO);
    talk_stop(&talk);
}

static void
free_cb(void *context, const struct offload_reply *reply)
{
    struct talk *talk = context;

    (void)reply;
    offload_free(talk->offload);
    talk->offload = NULL;
}

static void
it_is_freed_while_somebody_waits(void **state)
{
    struct talk talk;
    struct offload_answer answer;
    struct offload_call call = {.method = "m", .reply = free_cb, .context = &talk};

    (void)state;
    talk_start(&talk, true);
    assert_int_equal(offload_call(talk.offload, &call, NULL), 0);
    say_first(&talk, RESULT("1", "1") "\n");
    assert_int_equal(offload_wait(talk.offload, OFFLOAD_FOREVER), -ECANCELED);
    talk_stop(&talk);
    talk_start(&talk, true);
    assert_int_equal(offload_call(talk.offload, &call, NULL), 0);
    say_first(&talk, RESULT("1", "1") "\n" RESULT("2", "2") "\n");
    assert_int_equal(offload_call_wait(talk.offload, &call, OFFLOAD_FOREVER, &answer), -ECANCELED);
    talk_stop(&talk);
}

// A listener that takes nobody's connection still lets them connect.
static int
listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 5), 0);
    return fd;
}

static void
connecting(void **state)
{
    char folder[] = "/tmp/offload-wait-XXXXXX";
    char path[64], address[80];
    struct offload *offload;
    int listener;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/offloadd.sock", folder);
    snprintf(address, sizeof(address), "unix:%s", path);
    assert_int_equal(offload_connect(address, NULL, NULL, NULL, &offload), -ENOENT);
    listener = listen_at(path);
    assert_int_equal(offload_connect(address, NULL, NULL, NULL, &offload), 0);
    assert_string_equal(offload_address(offload), address);
    offload_free(offload);
    setenv("OFFLOAD_SERVER", address, 1);
    assert_int_equal(offload_connect(NULL, NULL, NULL, NULL, &offload), 0);
    offload_free(offload);
    setenv("OFFLOAD_SERVER", "nonsense", 1);
    assert_int_equal(offload_connect(NULL, NULL, NULL, NULL, &offload), -EINVAL);
    setenv("OFFLOAD_SERVER", "", 1);
    setenv("XDG_RUNTIME_DIR", folder, 1);
    assert_int_equal(offload_connect(NULL, NULL, NULL, NULL, &offload), 0);
    assert_string_equal(offload_address(offload), address);
    offload_free(offload);
    close(listener);
    assert_int_equal(offload_connect(address, NULL, NULL, NULL, &offload), -ECONNREFUSED);
    assert_int_equal(offload_connect("", NULL, NULL, NULL, &offload), -EINVAL);
    assert_non_null(offload_address_problem("nonsense"));
    assert_null(offload_address_problem(address));
    unlink(path);
    rmdir(folder);
    // The descriptor stays the caller's.
    assert_int_equal(offload_adopt(-1, NULL, NULL, NULL, &offload), -EBADF);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_call_is_waited_for),
        cmocka_unit_test(a_call_that_is_given_up_is_cancelled),
        cmocka_unit_test(all_calls_are_waited_for),
        cmocka_unit_test(the_end_is_told),
        cmocka_unit_test(it_is_freed_while_somebody_waits),
        cmocka_unit_test(connecting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
