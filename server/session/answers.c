// How answers leave a session: at once as a line, or into the array of their batch. See
// session_internal.h.
#include "common/scanner.h"
#include "session/session_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define PROGRESS_HEAD   "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":"
#define PROGRESS_MIDDLE ",\"value\":"

#define SMALL_BODY 1024 // bytes; always let through: what asks for it is limited in number

// Above this much unsent an answer's body is replaced by a small error. The session is not read
// above output-max, so only requests that were in flight already, and whose results are far larger
// than their params, can get here.
static size_t
output_hard_max(const struct session *session)
{
    const struct limits *limits = &session->settings->config->limits;

    return limits->output_max + 2 * limits->line_max;
}

static void
out_of_memory(struct session *session)
{
    session_close(session, "out of memory");
}

static void
write_line(struct session *session, struct iovec *iov, int count)
{
    iov[count] = (struct iovec){.iov_base = (char *)"\n", .iov_len = 1};
    if (stream_write(session->stream, iov, count + 1) != 0)
        out_of_memory(session);
}

static void
write_batch(struct session *session, struct batch *batch)
{
    struct iovec *iov = calloc((size_t)batch_pieces_max(batch), sizeof(*iov));
    int count = iov != NULL ? batch_pieces(batch, iov) : 0;

    if (iov == NULL || (count > 0 && stream_write(session->stream, iov, count) != 0))
        out_of_memory(session);
    free(iov);
}

// Writes the batch if nothing is missing any more. The session may be closed: then it is only
// freed.
static void
batch_settle(struct session *session, struct batch *batch)
{
    if (!batch_is_complete(batch))
        return;
    session->held -= batch_size(batch);
    if (!session->closed)
        write_batch(session, batch);
    batch_free(batch);
}

static void
put_into_batch(struct session *session, const struct address_of_answer *to, struct iovec *iov,
               int count)
{
    size_t before = batch_size(to->batch);

    if (session->closed || batch_put(to->batch, to->index, iov, count) != 0) {
        out_of_memory(session);
        batch_unexpect(to->batch);
    }
    session->held += batch_size(to->batch) - before;
    batch_settle(session, to->batch);
}

static size_t
unsent(const struct session *session)
{
    return stream_output(session->stream) + session->held;
}

bool
answers_have_room(const struct session *session, size_t size)
{
    return unsent(session) + size <= output_hard_max(session);
}

char *
answers_too_large(struct session *session, size_t *ret_length)
{
    return error_object_format(ERROR_TOO_LARGE, ret_length,
                               "{\"limit\":\"output-max\",\"max\":%zu}",
                               session->settings->config->limits.output_max);
}

static void
answer_too_large(struct session *session, const struct address_of_answer *to)
{
    size_t length = 0;
    char *error = answers_too_large(session, &length);

    if (error == NULL)
        out_of_memory(session);
    answers_write(session, to, true, (struct span){.at = error, .length = length});
    free(error);
}

void
answers_write(struct session *session, const struct address_of_answer *to, bool failed,
              struct span body)
{
    struct iovec iov[MESSAGE_IOV_MAX + 1];
    int count;

    if (body.length > SMALL_BODY && !answers_have_room(session, body.length)) {
        answer_too_large(session, to);
        return;
    }
    count = failed ? message_error_iov(iov, to->id, body) : message_result_iov(iov, to->id, body);
    session->settings->statistics->responses++;
    if (to->batch != NULL)
        put_into_batch(session, to, iov, count);
    else if (!session->closed)
        write_line(session, iov, count);
}

void
answers_error(struct session *session, const struct address_of_answer *to, enum error_code code,
              struct span data)
{
    size_t length;
    char *error = error_object(code, data, &length);

    if (error == NULL)
        out_of_memory(session);
    answers_write(session, to, true, (struct span){.at = error, .length = error ? length : 0});
    free(error);
}

void
answers_limit(struct session *session, const char *limit, size_t max)
{
    static const struct address_of_answer nowhere = {0};
    char data[128];

    session->settings->statistics->invalid++;
    snprintf(data, sizeof(data), "{\"limit\":\"%s\",\"max\":%zu}", limit, max);
    answers_error(session, &nowhere, ERROR_INVALID_REQUEST, span_of(data));
}

void
answers_finished_cb(void *context, const struct outcome *outcome)
{
    struct call *call = context;
    struct session *session = call->session;
    struct address_of_answer to = {.batch = call->batch, .index = call->index, .id = call->id};

    calls_take(&session->calls, call);
    if (!span_present(call->id))
        ; // a notification: never answered
    else if (outcome->body.at == NULL)
        answers_error(session, &to, ERROR_BUSY, SPAN("{\"reason\":\"out of memory\"}"));
    else
        answers_write(session, &to, outcome->state != JOB_SUCCEEDED, outcome->body);
    call_free(call);
    session_update(session);
}

// A report may be left out when the client does not keep up: a later one says more. Everything else
// comes in full.
static bool
is_report(struct span value)
{
    struct scanner scanner;
    enum json_kind kind;
    struct span member;
    struct span name;
    bool report = false;

    scanner_init(&scanner, value, SCANNER_DEPTH_LIMIT);
    if (!scanner_enter(&scanner, JSON_KIND_OBJECT))
        return false;
    while (scanner_member(&scanner, &name) && scanner_value(&scanner, &kind, &member))
        if (scanner_name_is(name, "kind"))
            report = span_is(member, "\"report\"");
    return report;
}

// Writes one notification. The value comes in pieces, PIECES_MAX at most.
#define PIECES_MAX 3

static void
write_progress(struct session *session, struct span token, const struct iovec *pieces, int count)
{
    struct iovec iov[PIECES_MAX + 5] = {
        {(char *)PROGRESS_HEAD, sizeof(PROGRESS_HEAD) - 1},
        {(char *)token.at, token.length},
        {(char *)PROGRESS_MIDDLE, sizeof(PROGRESS_MIDDLE) - 1},
    };
    int used = 3;

    for (int i = 0; i < count; i++)
        iov[used++] = pieces[i];
    iov[used++] = (struct iovec){(char *)"}}", 2};
    write_line(session, iov, used);
}

bool
answers_progress(struct session *session, struct span token, struct span value)
{
    const struct iovec piece = {(char *)value.at, value.length};

    if (session->closed ||
        (unsent(session) > session->settings->config->limits.output_max && is_report(value)))
        return true;
    if (!answers_have_room(session, value.length))
        return false;
    write_progress(session, token, &piece, 1);
    return true;
}

bool
answers_partial(struct session *session, struct span token, size_t index, bool failed,
                struct span body)
{
    char head[64];
    int length = snprintf(head, sizeof(head), "{\"kind\":\"partial\",\"index\":%zu,\"%s\":", index,
                          failed ? "error" : "result");
    const struct iovec pieces[PIECES_MAX] = {
        {head, (size_t)length}, {(char *)body.at, body.length}, {(char *)"}", 1}};

    if (session->closed)
        return true;
    if (!answers_have_room(session, body.length))
        return false;
    write_progress(session, token, pieces, PIECES_MAX);
    return true;
}

void
answers_progress_cb(void *context, struct span value)
{
    struct call *call = context;
    struct session *session = call->session;
    size_t length = 0;
    char *error;

    if (!call->progress)
        return;
    if (!answers_progress(session, span_present(call->token) ? call->token : call->id, value)) {
        // The client takes nothing, and what must not be left out fills its output: the job ends.
        error = answers_too_large(session, &length);
        dispatcher_fail(session->settings->dispatcher, call->job, error, length);
        free(error);
    }
    session_update(session);
}

void
answers_forget(struct session *session, struct call *call)
{
    calls_take(&session->calls, call);
    if (call->batch != NULL && span_present(call->id)) {
        batch_unexpect(call->batch);
        batch_settle(session, call->batch);
    }
    call_free(call);
}

void
answers_batch_seal(struct session *session, struct batch *batch)
{
    batch_unexpect(batch);
    batch_settle(session, batch);
}
