// Out of memory in session/: plain data stays as it was; a session answers "busy" or closes, its
// jobs end either way, and nothing leaks.
#include "common/log.h"
#include "common/message.h"
#include "session/batch.h"
#include "session/callers.h"
#include "session/calls.h"
#include "session/session.h"
#include "tests/unit/dispatcher/fixture.h"
#include "tests/unit/failing_malloc.h"

#include <signal.h>
#include <sys/socket.h>

// A table that cannot grow is slower, not wrong.
static void
test_calls(void **state)
{
    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct calls calls;
        struct call *call;
        size_t missing = 0;
        char id[16];

        calls_init(&calls);
        for (int i = 0; i < 100; i++) {
            size_t count = calls.count;
            size_t size = calls.size;

            snprintf(id, sizeof(id), "%d", i);
            call = calls_add(&calls, span_of(id), (struct span){0}, 10);
            if (call != NULL)
                continue;
            missing++;
            assert_int_equal(calls.count, count);
            assert_int_equal(calls.size, size);
            assert_null(calls_find(&calls, span_of(id)));
        }
        assert_int_equal(calls.count, 100 - missing);
        assert_true(missing == 0 || (missing == 1 && allocation_failed()));
        while ((call = TAILQ_FIRST(&calls.all)) != NULL) {
            assert_ptr_equal(calls_find(&calls, call->id), call);
            calls_take(&calls, call);
            call_free(call);
        }
        calls_done(&calls);
    }
}

static void
test_batch(void **state)
{
    struct iovec piece = {(char *)"answer", 6};

    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct batch *batch = batch_new(2);

        if (batch == NULL) {
            assert_true(allocation_failed());
            continue;
        }
        batch_expect(batch);
        if (batch_put(batch, 0, &piece, 1) != 0) {
            assert_true(allocation_failed());
            assert_int_equal(batch_size(batch), 0);
            batch_unexpect(batch); // it was still expected
        }
        assert_false(batch_is_complete(batch));
        batch_unexpect(batch);
        assert_true(batch_is_complete(batch));
        batch_free(batch);
    }
}

struct client {
    struct house house;
    struct messages messages;
    struct session_settings settings;
    struct callers callers;
    int fd;
    int closed;
    size_t lines;
};

static bool
control_cb(void *context, struct span method, struct span params, struct session_reply *ret_reply)
{
    (void)context;
    (void)params;
    if (!span_is(method, "control"))
        return false;
    ret_reply->text = strdup("1");
    ret_reply->length = 1;
    return true;
}

static void
closed_cb(void *context, struct session *session)
{
    (void)session;
    ((struct client *)context)->closed++;
}

static const struct session_hooks hooks = {.control = control_cb, .closed = closed_cb};

static size_t
pull(struct client *client)
{
    char block[4096];
    ssize_t n = read(client->fd, block, sizeof(block));

    for (ssize_t i = 0; i < n; i++)
        client->lines += block[i] == '\n';
    return client->lines;
}

// Everything that a client may say; eleven answers and two of progress if there is memory.
#define LINES 13
static const char talk[] =
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sleep\",\"params\":[0.001]}\n"
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"control\",\"options\":{\"x\":1}}\n"
    "[{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"sleep\",\"params\":[0]},1,"
    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"sleep\",\"params\":[0]},"
    "{\"jsonrpc\":\"2.0\",\"method\":\"sleep\",\"params\":[0]},"
    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"control\"},"
    "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"nothing\"}]\n"
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"sleep\",\"params\":[1000]}\n"
    "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":5}}\n"
    "nonsense\n[]\n"
    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"job.gather\",\"params\":{\"calls\":["
    "{\"method\":\"sleep\",\"params\":[0]},{\"method\":\"job.map\",\"params\":{\"method\":"
    "\"sleep\","
    "\"items\":[[0],[0]]}}]},\"options\":{\"progress\":true,\"timeouts\":{\"total\":1000}}}\n"
    "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"job.map\",\"params\":{\"method\":\"nothing\","
    "\"items\":[[],[]],\"mode\":\"any\"}}\n"
    "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"job.map\",\"params\":{\"method\":\"control\","
    "\"items\":[[],1],\"mode\":\"settled\"}}\n"
    "{\"jsonrpc\":\"2.0\",\"id\":10,\"method\":\"job.gather\",\"params\":{}}\n"
    "{\"jsonrpc\":\"2.0\",\"method\":\"job.gather\",\"params\":{}}\n"
    "{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"control\"}";

static void
test_life_of_a_session(void **state)
{
    struct client client;
    struct session *session;
    int ends[2];

    (void)state;
    memset(&client, 0, sizeof(client));
    house_prepare(&client.house, 1);
    house_start(&client.house);
    LOOP_UNTIL(&client.house.loop, pool_has_room(dispatcher_pool(client.house.dispatcher, 0)));
    client.settings = (struct session_settings){.base = client.house.loop.base,
                                                .turn = client.house.loop.turn,
                                                .config = &client.house.config,
                                                .statistics = &client.house.statistics,
                                                .dispatcher = client.house.dispatcher,
                                                .messages = &client.messages,
                                                .callers = &client.callers};
    callers_init(&client.callers);
    FAIL_EACH_ALLOCATION(run)
    {
        messages_init(&client.messages);
        client.closed = 0;
        client.lines = 0;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        client.fd = ends[1];
        session = session_new(&client.settings, ends[0], 1, &hooks, &client);
        assert_true(session != NULL || allocation_failed());
        if (session != NULL) {
            assert_int_equal(write(ends[1], talk, strlen(talk)), strlen(talk));
            shutdown(ends[1], SHUT_WR);
            LOOP_UNTIL(&client.house.loop, (pull(&client), client.closed));
        } else {
            assert_int_equal(close(ends[0]), 0);
        }
        // Enough memory: everything was answered. Too little: not more than that.
        pull(&client);
        if (!allocation_failed())
            assert_int_equal(client.lines, LINES);
        assert_true(client.lines <= LINES);
        loop_settle(&client.house.loop);
        LOOP_UNTIL(&client.house.loop, house_report(&client.house).sleeping == 0);
        close(ends[1]);
        messages_done(&client.messages);
    }
    house_close(&client.house);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_life_of_a_session),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level((enum log_level)0); // nothing at all: failures are the rule here
    return cmocka_run_group_tests(tests, NULL, NULL);
}
