// A stranger's program with nothing but the installed liboffload: one call, many at once with
// progress, a batch, a cancelled call and a call that times out, first waiting, then on an
// event_base of its own (argument "loop"). Prints what it got. It is C and C++ at once.
#include <event2/event.h>
#include <offload.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 100

struct tally {
    struct offload *offload;
    struct event_base *base; // NULL: waiting
    int results;
    int errors;
    int progress;
    int closed;
    char last[64];
};

static void
reply_cb(void *context, const struct offload_reply *reply)
{
    struct tally *tally = (struct tally *)context;

    if (reply->outcome == OFFLOAD_RESULT)
        tally->results++;
    else
        tally->errors++;
    snprintf(tally->last, sizeof(tally->last), "%d %.40s", reply->code,
             reply->json != NULL ? reply->json : "");
    if (tally->base != NULL && offload_in_flight(tally->offload) == 0)
        event_base_loopbreak(tally->base);
}

static void
progress_cb(void *context, const char *json, size_t length)
{
    (void)json;
    (void)length;
    ((struct tally *)context)->progress++;
}

static void
closed_cb(void *context, int error)
{
    ((struct tally *)context)->closed = 1;
    fprintf(stderr, "closed: %d\n", error);
}

static void
check(int error, const char *what)
{
    if (error == 0)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(-error));
    exit(1);
}

static void
settle(struct tally *tally)
{
    if (tally->base != NULL)
        event_base_dispatch(tally->base);
    else
        check(offload_wait(tally->offload, OFFLOAD_FOREVER), "wait");
}

static void
call(struct tally *tally, const char *method, const char *params, uint64_t *ret_id)
{
    struct offload_call one;

    memset(&one, 0, sizeof(one));
    one.method = method;
    one.params = params;
    one.reply = reply_cb;
    one.progress = progress_cb;
    one.context = tally;
    check(offload_call(tally->offload, &one, ret_id), method);
}

static void
many(struct tally *tally)
{
    char params[32];

    for (int i = 0; i < COUNT; i++) {
        snprintf(params, sizeof(params), "[%d]", i);
        call(tally, "sum_squares", params, NULL);
    }
    settle(tally);
    printf("many: %d results, %d errors\n", tally->results, tally->errors);
}

static void
batch(struct tally *tally)
{
    struct offload_call calls[2];

    memset(calls, 0, sizeof(calls));
    for (int i = 0; i < 2; i++) {
        calls[i].method = i == 0 ? "sleep" : "echo";
        calls[i].params = i == 0 ? "[0.05]" : "[\"last\"]";
        calls[i].reply = reply_cb;
        calls[i].context = tally;
    }
    check(offload_gather(tally->offload, calls, 2, NULL), "gather");
    settle(tally);
    printf("batch: %s\n", tally->last);
}

static void
cancelled(struct tally *tally)
{
    uint64_t id;

    call(tally, "sleep", "[3600]", &id);
    check(offload_cancel(tally->offload, id), "cancel");
    settle(tally);
    printf("cancelled: %.6s\n", tally->last);
}

static void
one_call(struct tally *tally)
{
    struct offload_call one;
    struct offload_answer answer;
    int error;

    memset(&one, 0, sizeof(one));
    one.method = "sum_squares";
    one.params = "{\"n\":1000000}";
    check(offload_call_wait(tally->offload, &one, 60000, &answer), "call");
    printf("one: %s\n", answer.json);
    offload_answer_done(&answer);
    one.method = "sleep";
    one.params = "[3600]";
    error = offload_call_wait(tally->offload, &one, 10, &answer);
    printf("given up: %s\n", strerror(-error));
    settle(tally);
}

int
main(int argc, char **argv)
{
    struct tally tally;
    struct offload_events events;

    memset(&tally, 0, sizeof(tally));
    memset(&events, 0, sizeof(events));
    events.closed = closed_cb;
    if (argc > 1 && strcmp(argv[1], "loop") == 0)
        tally.base = event_base_new();
    check(offload_connect(NULL, tally.base, &events, &tally, &tally.offload), "connect");
    many(&tally);
    batch(&tally);
    cancelled(&tally);
    if (tally.base == NULL)
        one_call(&tally);
    offload_free(tally.offload);
    if (tally.base != NULL)
        event_base_free(tally.base);
    return tally.closed;
}
