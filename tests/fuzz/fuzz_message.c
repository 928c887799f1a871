// messages_parse against a slow model that loads each message with jansson and judges it by the
// rules of message.h; and the verdict on the line against the scanner's. The limits are small, so
// that inputs reach them.
#include "common/message.h"
#include "common/scanner.h"
#include "tests/fuzz/oracle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct message_limits limits = {.depth_max = 6, .batch_max = 4};

static enum message_status
status_of(enum scan_status status)
{
    if (status == SCAN_OK)
        return MESSAGES_OK;
    return status == SCAN_DEPTH ? MESSAGES_DEPTH : MESSAGES_SYNTAX;
}

// What the line as a whole must give; the spans of its messages go to `items` (batch_max entries).
static enum message_status
model_line(struct span line, struct span *items, size_t *ret_count)
{
    struct scanner scanner;
    enum json_kind kind;
    struct span span;
    size_t count = 0;

    scanner_init(&scanner, line, limits.depth_max);
    if (!scanner_peek(&scanner, &kind) || kind != JSON_KIND_ARRAY) {
        *ret_count = 1;
        if (scanner_value(&scanner, &kind, &items[0]))
            scanner_finish(&scanner);
        FUZZ_CHECK(scanner.status == scanner_check(line, limits.depth_max));
        return status_of(scanner.status);
    }
    scanner_enter(&scanner, JSON_KIND_ARRAY);
    while (scanner_element(&scanner)) {
        if (count == limits.batch_max)
            return MESSAGES_BATCH_LARGE; // also if an error comes later
        if (!scanner_value(&scanner, &kind, &span))
            break;
        items[count++] = span;
    }
    FUZZ_CHECK(!scanner_finish(&scanner) || scanner_check(line, limits.depth_max) == SCAN_OK);
    *ret_count = count;
    if (scanner.status == SCAN_OK && count == 0)
        return MESSAGES_BATCH_EMPTY;
    return status_of(scanner.status);
}

static bool
id_is_valid(const json_t *id)
{
    return json_is_string(id) || json_is_number(id) || json_is_null(id);
}

static bool
version_is_right(const json_t *object)
{
    const json_t *version = json_object_get(object, "jsonrpc");

    return json_is_string(version) && json_string_length(version) == 3 &&
           strcmp(json_string_value(version), "2.0") == 0;
}

// The rules, in the order of message.h.
static enum message_kind
model_kind(const json_t *object)
{
    const json_t *id = json_object_get(object, "id");
    const json_t *method = json_object_get(object, "method");
    const json_t *params = json_object_get(object, "params");
    const json_t *options = json_object_get(object, "options");
    const json_t *result = json_object_get(object, "result");
    const json_t *error = json_object_get(object, "error");

    if (!json_is_object(object) || !version_is_right(object) || (id != NULL && !id_is_valid(id)))
        return MESSAGE_INVALID;
    if (method == NULL) {
        if (id == NULL || (result == NULL) == (error == NULL))
            return MESSAGE_INVALID;
        if (result != NULL)
            return MESSAGE_RESULT;
        return json_is_object(error) ? MESSAGE_ERROR : MESSAGE_INVALID;
    }
    if (!json_is_string(method) || result != NULL || error != NULL)
        return MESSAGE_INVALID;
    if (params != NULL && !json_is_array(params) && !json_is_object(params))
        return MESSAGE_INVALID;
    if (options != NULL && !json_is_object(options))
        return MESSAGE_INVALID;
    return id != NULL ? MESSAGE_REQUEST : MESSAGE_NOTIFICATION;
}

static void
check_inside(struct span span, struct span line)
{
    if (span_present(span))
        FUZZ_CHECK(span.at >= line.at && span.at + span.length <= line.at + line.length);
}

// A part must be there if and only if `value` is, and mean the same.
static void
check_part(struct span part, const json_t *value, struct span line)
{
    json_t *actual;

    FUZZ_CHECK(span_present(part) == (value != NULL));
    check_inside(part, line);
    if (value == NULL)
        return;
    actual = oracle_load(part.at, part.length, NULL);
    FUZZ_CHECK(actual != NULL && json_equal(actual, value));
    json_decref(actual);
}

static void
check_method(const struct message *message, const json_t *value, bool changed, struct span line)
{
    FUZZ_CHECK(span_present(message->method) == (value != NULL));
    check_inside(message->method, line);
    if (value == NULL || changed)
        return;
    FUZZ_CHECK(message->method.length == json_string_length(value));
    FUZZ_CHECK(memcmp(message->method.at, json_string_value(value), message->method.length) == 0);
}

static void
check_message(const struct message *message, struct span item, struct span line)
{
    bool changed;
    json_t *object = oracle_load(item.at, item.length, &changed);
    enum message_kind kind = model_kind(object);
    bool is_call = kind == MESSAGE_REQUEST || kind == MESSAGE_NOTIFICATION;
    const json_t *id = json_object_get(object, "id");

    FUZZ_CHECK(object != NULL);
    FUZZ_CHECK(message->kind == kind);
    FUZZ_CHECK((message->problem != NULL) == (kind == MESSAGE_INVALID));
    check_part(message->id, id_is_valid(id) ? id : NULL, line);
    check_method(message, is_call ? json_object_get(object, "method") : NULL, changed, line);
    check_part(message->params, is_call ? json_object_get(object, "params") : NULL, line);
    check_part(message->options, is_call ? json_object_get(object, "options") : NULL, line);
    check_part(message->result, kind == MESSAGE_RESULT ? json_object_get(object, "result") : NULL,
               line);
    check_part(message->error, kind == MESSAGE_ERROR ? json_object_get(object, "error") : NULL,
               line);
    json_decref(object);
}

// Any text can be quoted, and means itself if it is UTF-8.
static void
check_quote(struct span text)
{
    size_t length;
    char *quoted = message_quote(text, &length);
    json_t *value, *same;

    FUZZ_CHECK(quoted != NULL && strlen(quoted) == length);
    FUZZ_CHECK(scanner_check((struct span){quoted, length}, 1) == SCAN_OK);
    value = json_loadb(quoted, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    FUZZ_CHECK(value != NULL);
    same = json_stringn(text.at, text.length); // NULL if that is not UTF-8
    if (same != NULL)
        FUZZ_CHECK(json_equal(value, same));
    else
        FUZZ_CHECK(strstr(quoted, "\xef\xbf\xbd") != NULL);
    json_decref(same);
    json_decref(value);
    free(quoted);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span original = {.at = (const char *)data, .length = size}, line, items[4];
    enum message_status status, expected;
    struct message_fault fault = {0};
    struct messages messages;
    char *copy = malloc(size);
    size_t count = 0;

    FUZZ_CHECK(copy != NULL);
    memcpy(copy, data, size);
    line = (struct span){.at = copy, .length = size};
    messages_init(&messages);
    expected = model_line(original, items, &count);
    status = messages_parse(&messages, copy, size, &limits, &fault);
    FUZZ_CHECK(status == expected);
    if (status == MESSAGES_OK) {
        FUZZ_CHECK(messages.count == count && messages.capacity <= limits.batch_max);
        for (size_t i = 0; i < count; i++)
            check_message(&messages.items[i], items[i], line);
    } else {
        FUZZ_CHECK(messages.count == 0 && fault.reason != NULL && fault.offset <= size);
        FUZZ_CHECK(memcmp(copy, data, size) == 0);
    }
    messages_done(&messages);
    free(copy);
    check_quote(original);
    return 0;
}
