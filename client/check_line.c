// See check_line.h.
#include "client/check_line.h"

#include "common/limits.h"
#include "common/member.h"
#include "common/scanner.h"

#include <string.h>

#define ADVICE_STDERR                                                                 \
    "stdout is for answers alone: print to stderr what people shall read (in Python " \
    "print(..., file=sys.stderr), in Node console.error)"
#define ADVICE_ONE_LINE                                                                     \
    "an answer is one line: no indentation and no line breaks (in Python no indent=, in C " \
    "JSON_COMPACT)"

#define ADVICE_NAN                                                                     \
    "JSON has no NaN and no Infinity: send null or a text (in Python json.dumps(..., " \
    "allow_nan=False) finds them)"
#define ADVICE_DUMPS "that is how Python prints, not JSON: print(json.dumps(...), flush=True)"

// What programs write where JSON has something else.
static const struct {
    const char *text;
    const char *advice;
} slips[] = {
    {"NaN", ADVICE_NAN},     {"Infinity", ADVICE_NAN}, {"-Infinity", ADVICE_NAN},
    {"'", ADVICE_DUMPS},     {"None", ADVICE_DUMPS},   {"True", ADVICE_DUMPS},
    {"False", ADVICE_DUMPS},
};

static struct span
trim(struct span text)
{
    while (text.length > 0 && strchr(" \t\r", text.at[text.length - 1]) != NULL)
        text.length--;
    while (text.length > 0 && strchr(" \t", text.at[0]) != NULL)
        text = (struct span){text.at + 1, text.length - 1};
    return text;
}

// An answer that was spread over several lines: the first line ends too early, the others begin
// like a member or with a closing bracket.
static bool
is_piece(struct span line, size_t offset)
{
    struct span text = trim(line);

    if (text.length == 0)
        return false;
    if (text.at[0] == '{' || text.at[0] == '[')
        return line.at + offset >= text.at + text.length;
    return strchr("}]\"", text.at[0]) != NULL;
}

// What has letters first is most likely a message for people.
static bool
is_meant_as_json(struct span line)
{
    struct span text = trim(line);

    return text.length > 0 && strchr("{[", text.at[0]) != NULL;
}

static const char *
slip_advice(struct span rest)
{
    for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
        size_t length = strlen(slips[i].text);

        if (rest.length >= length && memcmp(rest.at, slips[i].text, length) == 0)
            return slips[i].advice;
    }
    return NULL;
}

static void
judge_syntax(struct span line, struct check_line *ret)
{
    struct scanner scanner;
    enum json_kind kind;
    struct span value;
    size_t offset;

    scanner_init(&scanner, line, LIMIT_DEPTH_MAX);
    if (scanner_value(&scanner, &kind, &value))
        scanner_finish(&scanner);
    offset = scanner_offset(&scanner);
    if (scanner.status == SCAN_UTF8)
        return;
    if (is_piece(line, offset)) {
        ret->problem = "not JSON as a line by itself";
        ret->advice = ADVICE_ONE_LINE;
    } else if (is_meant_as_json(line)) {
        // Of a wrong word the scanner may have taken the beginning.
        for (size_t back = 0; ret->advice == NULL && back <= offset && back < 2; back++)
            ret->advice =
                slip_advice((struct span){line.at + offset - back, line.length - offset + back});
        ret->place = offset + 1;
    } else {
        ret->problem = "not JSON";
        ret->advice = ADVICE_STDERR;
    }
}

static void
judge_text(enum message_status status, struct span line, const struct message_fault *fault,
           struct check_line *ret)
{
    ret->kind = CHECK_LINE_WRONG;
    ret->problem = fault->reason;
    if (status == MESSAGES_BATCH_EMPTY || status == MESSAGES_BATCH_LARGE)
        ret->problem = "an array: a worker's answers are never in batches";
    else if (status == MESSAGES_SYNTAX)
        judge_syntax(line, ret);
}

static enum check_line_kind
notification_kind(struct span method)
{
    if (span_is(method, "worker.ready"))
        return CHECK_LINE_READY;
    if (span_is(method, "worker.return"))
        return CHECK_LINE_RETURN;
    return span_is(method, "$/progress") ? CHECK_LINE_PROGRESS : CHECK_LINE_NOTIFICATION;
}

static void
judge_message(const struct message *message, struct check_line *ret)
{
    *ret = (struct check_line){.id = message->id,
                               .result = message->result,
                               .error = message->error,
                               .params = message->params};
    switch (message->kind) {
    case MESSAGE_RESULT:
        ret->kind = CHECK_LINE_RESULT;
        return;
    case MESSAGE_ERROR:
        ret->kind = CHECK_LINE_ERROR;
        return;
    case MESSAGE_NOTIFICATION:
        ret->kind = notification_kind(message->method);
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
check_line_read_id(struct span raw, uint64_t *ret_id)
{
    uint64_t id = 0;

    if (raw.length == 0 || raw.length > 19)
        return false;
    for (size_t i = 0; i < raw.length; i++) {
        if (raw.at[i] < '0' || raw.at[i] > '9')
            return false;
        id = id * 10 + (uint64_t)(raw.at[i] - '0');
    }
    *ret_id = id;
    return true;
}

bool
check_line_number(const struct check_line *line, uint64_t *ret_id)
{
    return check_line_read_id(line->id, ret_id);
}

int
check_line_code(const struct check_line *line)
{
    int code;

    return member_int(member_find(line->error, "code"), &code) ? code : 0;
}

struct span
check_line_param(const struct check_line *line, const char *name)
{
    return member_find(line->params, name);
}
