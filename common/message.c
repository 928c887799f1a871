// Parsing; see message.h. Messages of the usual form are read by message_usual.h, others are walked
// once with the scanner; the members of each message are noted as they come (a later one of the
// same name replaces the earlier: the last duplicate wins) and judged when the object ends. Only
// when the whole line was accepted is anything in it changed.
#include "common/message.h"

#include "common/message_usual.h"
#include "common/scanner.h"

#include <stdlib.h>
#include <string.h>

enum member {
    MEMBER_JSONRPC,
    MEMBER_METHOD,
    MEMBER_PARAMS,
    MEMBER_OPTIONS,
    MEMBER_ID,
    MEMBER_RESULT,
    MEMBER_ERROR,
    MEMBER_COUNT, // any other name
};

static const struct span member_names[MEMBER_COUNT] = {
    [MEMBER_JSONRPC] = {"jsonrpc", 7}, [MEMBER_METHOD] = {"method", 6},
    [MEMBER_PARAMS] = {"params", 6},   [MEMBER_OPTIONS] = {"options", 7},
    [MEMBER_ID] = {"id", 2},           [MEMBER_RESULT] = {"result", 6},
    [MEMBER_ERROR] = {"error", 5},
};

// What one object said; a member that did not occur has an absent span. One place more than there
// are names takes the values of all others.
struct members {
    struct span value[MEMBER_COUNT + 1];
    enum json_kind kind[MEMBER_COUNT + 1];
};

void
messages_init(struct messages *messages)
{
    *messages = (struct messages){0};
}

void
messages_done(struct messages *messages)
{
    free(messages->items);
    messages_init(messages);
}

static enum member
member_named(struct span name)
{
    enum member member;

    for (member = 0; member < MEMBER_COUNT; member++)
        if (span_equal(name, member_names[member]))
            return member;
    if (memchr(name.at, '\\', name.length) == NULL)
        return MEMBER_COUNT;
    for (member = 0; member < MEMBER_COUNT; member++)
        if (scanner_name_is(name, member_names[member].at))
            break;
    return member;
}

static bool
has(const struct members *members, enum member member)
{
    return span_present(members->value[member]);
}

static bool
is_kind(const struct members *members, enum member member, enum json_kind kind)
{
    return has(members, member) && members->kind[member] == kind;
}

static struct span
without_quotes(struct span string)
{
    return (struct span){.at = string.at + 1, .length = string.length - 2};
}

static bool
id_is_valid(const struct members *members)
{
    return is_kind(members, MEMBER_ID, JSON_KIND_STRING) ||
           is_kind(members, MEMBER_ID, JSON_KIND_NUMBER) ||
           is_kind(members, MEMBER_ID, JSON_KIND_NULL);
}

// The rules of a request, sections 4 and 4.2 of the specification.
static const char *
problem_of_call(const struct members *members)
{
    if (!is_kind(members, MEMBER_METHOD, JSON_KIND_STRING))
        return "method must be a string";
    if (has(members, MEMBER_RESULT) || has(members, MEMBER_ERROR))
        return "a message with a method must have neither result nor error";
    if (has(members, MEMBER_PARAMS) && !is_kind(members, MEMBER_PARAMS, JSON_KIND_ARRAY) &&
        !is_kind(members, MEMBER_PARAMS, JSON_KIND_OBJECT))
        return "params must be an array or an object";
    if (has(members, MEMBER_OPTIONS) && !is_kind(members, MEMBER_OPTIONS, JSON_KIND_OBJECT))
        return "options must be an object";
    return NULL;
}

// The rules of a response, section 5.
static const char *
problem_of_response(const struct members *members)
{
    if (has(members, MEMBER_RESULT) && has(members, MEMBER_ERROR))
        return "a response must not have both result and error";
    if (!has(members, MEMBER_RESULT) && !has(members, MEMBER_ERROR))
        return MESSAGE_WITHOUT_METHOD;
    if (has(members, MEMBER_ERROR) && !is_kind(members, MEMBER_ERROR, JSON_KIND_OBJECT))
        return "error must be an object";
    if (!has(members, MEMBER_ID))
        return "a response must have an id";
    return NULL;
}

static const char *
problem_of(const struct members *members)
{
    if (!is_kind(members, MEMBER_JSONRPC, JSON_KIND_STRING) ||
        !scanner_name_is(without_quotes(members->value[MEMBER_JSONRPC]), "2.0"))
        return "jsonrpc must be \"2.0\"";
    if (has(members, MEMBER_ID) && !id_is_valid(members))
        return "id must be a string, a number or null";
    return has(members, MEMBER_METHOD) ? problem_of_call(members) : problem_of_response(members);
}

// Fills the message from what its object said.
static void
judge(struct message *message, const struct members *members)
{
    *message = (struct message){.kind = MESSAGE_INVALID, .problem = problem_of(members)};
    if (id_is_valid(members))
        message->id = members->value[MEMBER_ID];
    if (message->problem != NULL)
        return;
    if (has(members, MEMBER_METHOD)) {
        message->kind = has(members, MEMBER_ID) ? MESSAGE_REQUEST : MESSAGE_NOTIFICATION;
        message->method = without_quotes(members->value[MEMBER_METHOD]);
        message->params = members->value[MEMBER_PARAMS];
        message->options = members->value[MEMBER_OPTIONS];
    } else if (has(members, MEMBER_RESULT)) {
        message->kind = MESSAGE_RESULT;
        message->result = members->value[MEMBER_RESULT];
    } else {
        message->kind = MESSAGE_ERROR;
        message->error = members->value[MEMBER_ERROR];
    }
}

// False on a scanner's error.
static bool
parse_object(struct scanner *scanner, struct message *message)
{
    struct members members;
    struct span name;

    for (enum member member = 0; member <= MEMBER_COUNT; member++)
        members.value[member] = (struct span){0};
    if (!scanner_enter(scanner, JSON_KIND_OBJECT))
        return false;
    while (scanner_member(scanner, &name)) {
        enum member member = member_named(name);

        if (!scanner_value(scanner, &members.kind[member], &members.value[member]))
            return false;
    }
    if (scanner->status != SCAN_OK)
        return false;
    judge(message, &members);
    return true;
}

static bool
parse_item(struct scanner *scanner, struct message *message)
{
    enum json_kind kind;
    struct span value;

    if (scanner_peek(scanner, &kind) && kind == JSON_KIND_OBJECT)
        return parse_object(scanner, message);
    if (!scanner_value(scanner, &kind, &value))
        return false;
    *message = (struct message){.kind = MESSAGE_INVALID, .problem = "a message must be an object"};
    return true;
}

// A place for one more message, NULL when out of memory. The array never has more places than a
// batch may have elements.
static struct message *
next_place(struct messages *messages, size_t batch_max)
{
    if (messages->count == messages->capacity) {
        size_t capacity = messages->capacity == 0 ? 4 : messages->capacity * 2;
        struct message *items;

        if (capacity > batch_max)
            capacity = batch_max;
        if (capacity <= messages->count)
            capacity = messages->count + 1;
        items = reallocarray(messages->items, capacity, sizeof(*items));
        if (items == NULL)
            return NULL;
        messages->items = items;
        messages->capacity = capacity;
    }
    return &messages->items[messages->count];
}

static enum message_status
status_of(const struct scanner *scanner)
{
    if (scanner->status == SCAN_OK)
        return MESSAGES_OK;
    return scanner->status == SCAN_DEPTH ? MESSAGES_DEPTH : MESSAGES_SYNTAX;
}

// In a batch; a message that is alone was tried by messages_parse.
static bool
parse_usual(struct scanner *scanner, struct message *message)
{
    unsigned depth_max = scanner->depth_max - scanner->depth;
    const char *behind = message_usual(scanner->cursor, scanner->end, depth_max, message);

    if (behind == NULL)
        return false;
    scanner_go_on(scanner, behind);
    return true;
}

static enum message_status
parse_one(struct scanner *scanner, struct messages *messages, size_t batch_max)
{
    struct message *place = next_place(messages, batch_max);

    if (place == NULL)
        return MESSAGES_NO_MEMORY;
    if (!(messages->batch && parse_usual(scanner, place)) && !parse_item(scanner, place))
        return status_of(scanner);
    messages->count++;
    return MESSAGES_OK;
}

static enum message_status
parse_batch(struct scanner *scanner, struct messages *messages, size_t batch_max)
{
    if (!scanner_enter(scanner, JSON_KIND_ARRAY))
        return status_of(scanner);
    while (scanner_element(scanner)) {
        enum message_status status;

        if (messages->count == batch_max)
            return MESSAGES_BATCH_LARGE;
        status = parse_one(scanner, messages, batch_max);
        if (status != MESSAGES_OK)
            return status;
    }
    return status_of(scanner);
}

static enum message_status
parse_line(struct scanner *scanner, struct messages *messages, size_t batch_max)
{
    enum json_kind kind;
    enum message_status status;

    messages->batch = scanner_peek(scanner, &kind) && kind == JSON_KIND_ARRAY;
    if (messages->batch)
        status = parse_batch(scanner, messages, batch_max);
    else
        status = parse_one(scanner, messages, batch_max);
    if (status == MESSAGES_OK && !scanner_finish(scanner))
        status = status_of(scanner);
    if (status == MESSAGES_OK && messages->count == 0)
        status = MESSAGES_BATCH_EMPTY;
    return status;
}

static void
unescape_method(struct message *message, char *line)
{
    struct span *method = &message->method;

    if (span_present(*method) && memchr(method->at, '\\', method->length) != NULL)
        method->length = scanner_unescape(*method, line + (method->at - line));
}

static void
report(enum message_status status, const struct scanner *scanner, struct message_fault *ret_fault)
{
    const char *reason = scanner->reason;

    if (ret_fault == NULL)
        return;
    if (status == MESSAGES_BATCH_EMPTY)
        reason = "a batch must not be empty";
    else if (status == MESSAGES_BATCH_LARGE)
        reason = "too many messages in a batch";
    else if (status == MESSAGES_NO_MEMORY)
        reason = "out of memory";
    *ret_fault = (struct message_fault){.reason = reason, .offset = scanner_offset(scanner)};
}

enum message_status
messages_parse(struct messages *messages, char *line, size_t length,
               const struct message_limits *limits, struct message_fault *ret_fault)
{
    enum message_status status = MESSAGES_NO_MEMORY;
    const char *end = line + length;
    struct scanner scanner;
    struct message *place;

    messages->count = 0;
    messages->batch = false;
    scanner_init(&scanner, (struct span){.at = line, .length = length}, limits->depth_max);
    place = next_place(messages, limits->batch_max);
    if (place != NULL && message_usual(line, end, limits->depth_max, place) == end) {
        messages->count = 1;
        return MESSAGES_OK;
    }
    if (place != NULL)
        status = parse_line(&scanner, messages, limits->batch_max);
    if (status != MESSAGES_OK) {
        messages->count = 0;
        report(status, &scanner, ret_fault);
        return status;
    }
    for (size_t i = 0; i < messages->count; i++)
        unescape_method(&messages->items[i], line);
    return MESSAGES_OK;
}
