// See check_line.h.
#include "client/check_line.h"

#include "common/limits.h"
#include "common/scanner.h"

#include <string.h>

#define ADVICE_STDERR                                                                 \
    "stdout is for answers alone: print to stderr what people shall read (in Python " \
    "print(..., file=sys.stderr), in Node console.error)"
#define ADVICE_ONE_LINE                                                                     \
    "an answer is one line: no indentation and no line breaks (in Python no indent=, in C " \
    "JSON_COMPACT)"

// A piece of an answer that was spread over several lines is JSON that goes wrong at its end or
// only begins like a member; what has letters first is most likely a message for people.
static bool
looks_like_a_piece(struct span line)
{
    static const char beginnings[] = "{}[]\"";

    for (size_t i = 0; i < line.length; i++)
        if (line.at[i] != ' ' && line.at[i] != '\t')
            return strchr(beginnings, line.at[i]) != NULL;
    return false;
}

static void
judge_text(enum message_status status, struct span line, const struct message_fault *fault,
           struct check_line *ret)
{
    bool piece = looks_like_a_piece(line);

    ret->kind = CHECK_LINE_WRONG;
    ret->problem = fault->reason;
    ret->advice = NULL;
    if (status == MESSAGES_BATCH_EMPTY || status == MESSAGES_BATCH_LARGE) {
        ret->problem = "an array: a worker's answers are never in batches";
    } else if (status == MESSAGES_SYNTAX && scanner_check(line, LIMIT_DEPTH_MAX) != SCAN_UTF8) {
        ret->problem = piece ? "not JSON as a line by itself" : "not JSON";
        ret->advice = piece ? ADVICE_ONE_LINE : ADVICE_STDERR;
    }
}

static void
judge_message(const struct message *message, struct check_line *ret)
{
    *ret =
        (struct check_line){.id = message->id, .result = message->result, .error = message->error};
    switch (message->kind) {
    case MESSAGE_RESULT:
        ret->kind = CHECK_LINE_RESULT;
        return;
    case MESSAGE_ERROR:
        ret->kind = CHECK_LINE_ERROR;
        return;
    case MESSAGE_NOTIFICATION:
        ret->kind =
            span_is(message->method, "worker.ready") ? CHECK_LINE_READY : CHECK_LINE_NOTIFICATION;
        return;
    case MESSAGE_REQUEST:
        ret->problem = "a request: an answer has no method, and a notification no id";
        break;
    case MESSAGE_INVALID:
        ret->problem = message->problem;
        ret->advice = "an answer is {\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":...} or, with "
                      "\"error\":{\"code\":N,\"message\":\"...\"}, an error";
        break;
    }
    ret->kind = CHECK_LINE_WRONG;
}

bool
check_line_judge(struct messages *messages, char *line, size_t length, struct check_line *ret)
{
    const struct message_limits limits = {.depth_max = LIMIT_DEPTH_MAX, .batch_max = 1};
    struct message_fault fault = {.reason = "not JSON"};
    struct span text = {line, length};
    enum message_status status = messages_parse(messages, line, length, &limits, &fault);

    if (status == MESSAGES_NO_MEMORY)
        return false;
    *ret = (struct check_line){0};
    if (status == MESSAGES_OK && messages->batch)
        status = MESSAGES_BATCH_LARGE;
    if (status != MESSAGES_OK)
        judge_text(status, text, &fault, ret);
    else
        judge_message(&messages->items[0], ret);
    return true;
}

bool
check_line_number(const struct check_line *line, uint64_t *ret_id)
{
    uint64_t id = 0;

    if (line->id.length == 0 || line->id.length > 19)
        return false;
    for (size_t i = 0; i < line->id.length; i++) {
        if (line->id.at[i] < '0' || line->id.at[i] > '9')
            return false;
        id = id * 10 + (uint64_t)(line->id.at[i] - '0');
    }
    *ret_id = id;
    return true;
}
