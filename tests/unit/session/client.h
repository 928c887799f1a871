// A client on a socketpair, its session, and a real dispatcher behind it. What the session says is
// compared byte for byte where the bytes are a promise.
#ifndef OFFLOAD_TESTS_UNIT_SESSION_CLIENT_H
#define OFFLOAD_TESTS_UNIT_SESSION_CLIENT_H

#include "common/errors.h"
#include "common/log.h"
#include "common/scanner.h"
#include "session/callers.h"
#include "session/session.h"
#include "tests/unit/dispatcher/fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BIG 9000 // bytes of the result of the control method "big"

#define REQUEST(id, method, params) \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}"
#define NOTIFICATION(method, params) \
    "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"params\":" params "}"
#define RESULT(id, result)    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}"
#define ERROR_START(id, code) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ","
#define SLEPT(id, seconds)    RESULT(id, "\"Operation completed after " seconds " seconds\"")
#define CANCEL(id)            NOTIFICATION("$/cancelRequest", "{\"id\":" id "}")

struct client {
    struct house house;
    struct messages messages;
    struct callers callers;
    struct session_settings settings;
    struct session *session; // NULL once closed
    int fd;
    int closed;
    int controls; // calls of control methods
    char *got;
    size_t length;
};

static inline bool
control_cb(void *context, struct span method, struct span params, struct session_reply *ret_reply)
{
    struct client *client = context;

    if (span_is(method, "big")) {
        ret_reply->length = BIG;
        ret_reply->text = malloc(BIG);
        memset(ret_reply->text, '1', BIG);
    } else if (span_is(method, "failing")) {
        ret_reply->failed = true;
        ret_reply->text = strdup("{\"code\":7,\"message\":\"x\"}");
        ret_reply->length = strlen(ret_reply->text);
    } else if (span_is(method, "params")) {
        ret_reply->text = strndup(span_present(params) ? params.at : "0",
                                  span_present(params) ? params.length : 1);
        ret_reply->length = strlen(ret_reply->text);
    } else if (!span_is(method, "no.memory")) {
        return false;
    }
    client->controls++;
    return true;
}

static inline void
closed_cb(void *context, struct session *session)
{
    struct client *client = context;

    assert_ptr_equal(session, client->session);
    client->closed++;
    client->session = NULL;
}

static const struct session_hooks hooks = {.control = control_cb, .closed = closed_cb};

static inline void
client_prepare(struct client *client)
{
    house_prepare(&client->house, 2);
    client->closed = client->controls = 0;
    client->got = NULL;
    client->length = 0;
}

static inline void
client_start(struct client *client)
{
    int ends[2];

    house_start(&client->house);
    LOOP_UNTIL(&client->house.loop, pool_has_room(dispatcher_pool(client->house.dispatcher, 0)));
    messages_init(&client->messages);
    callers_init(&client->callers);
    client->settings = (struct session_settings){.base = client->house.loop.base,
                                                 .turn = client->house.loop.turn,
                                                 .config = &client->house.config,
                                                 .statistics = &client->house.statistics,
                                                 .dispatcher = client->house.dispatcher,
                                                 .messages = &client->messages,
                                                 .callers = &client->callers};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    client->fd = ends[1];
    client->session = session_new(&client->settings, ends[0], 1, &hooks, client);
    assert_non_null(client->session);
}

static inline void
client_open(struct client *client)
{
    client_prepare(client);
    client_start(client);
}

static inline void
client_close(struct client *client)
{
    if (client->session != NULL)
        session_drop(client->session, "the test is over");
    assert_int_equal(client->closed, 1);
    if (client->fd >= 0)
        close(client->fd);
    loop_settle(&client->house.loop);
    messages_done(&client->messages);
    house_close(&client->house);
    free(client->got);
}

static inline void
say(struct client *client, const char *text)
{
    assert_int_equal(write(client->fd, text, strlen(text)), strlen(text));
}

static inline void
hang_up(struct client *client)
{
    close(client->fd);
    client->fd = -1;
}

// Takes what there is; returns the bytes that came so far.
static inline size_t
pull(struct client *client)
{
    static char block[65536];
    ssize_t n;

    while ((n = read(client->fd, block, sizeof(block))) > 0) {
        client->got = realloc(client->got, client->length + (size_t)n + 1);
        memcpy(client->got + client->length, block, (size_t)n);
        client->length += (size_t)n;
        client->got[client->length] = '\0';
    }
    return client->length;
}

static inline void
forget(struct client *client)
{
    free(client->got);
    client->got = NULL;
    client->length = 0;
}

// Exactly these bytes come, and no more for now.
static inline void
hear(struct client *client, const char *expected)
{
    LOOP_UNTIL(&client->house.loop, pull(client) >= strlen(expected));
    loop_settle(&client->house.loop);
    pull(client);
    assert_string_equal(client->got != NULL ? client->got : "", expected);
    forget(client);
}

static inline size_t
lines_heard(struct client *client)
{
    size_t lines = 0;

    pull(client);
    for (size_t i = 0; i < client->length; i++)
        lines += client->got[i] == '\n';
    return lines;
}

// One line, which begins and goes on like this.
static inline void
hear_line(struct client *client, const char *start, const char *part)
{
    LOOP_UNTIL(&client->house.loop, lines_heard(client) > 0);
    loop_settle(&client->house.loop);
    assert_int_equal(lines_heard(client), 1);
    if (strncmp(client->got, start, strlen(start)) != 0 || strstr(client->got, part) == NULL)
        fail_msg("not %s...%s: %s", start, part, client->got);
    client->got[client->length - 1] = '\0';
    if (scanner_check(span_of(client->got), 64) != SCAN_OK)
        fail_msg("not JSON: %s", client->got);
    forget(client);
}

static inline void
hear_nothing(struct client *client)
{
    hear(client, "");
}

static inline void
await_end(struct client *client)
{
    char byte;

    LOOP_UNTIL(&client->house.loop, client->closed);
    LOOP_UNTIL(&client->house.loop, read(client->fd, &byte, 1) == 0);
}

// It says that and is gone: none of its jobs is left.
static inline void
check_gone(const char *requests)
{
    struct client client;
    struct dispatcher_report report;

    client_open(&client);
    say(&client, requests);
    loop_settle(&client.house.loop);
    hang_up(&client);
    LOOP_UNTIL(&client.house.loop, client.closed);
    report = house_report(&client.house);
    assert_int_equal(report.queued + report.running + report.held + report.memory, 0);
    client_close(&client);
}

#endif
