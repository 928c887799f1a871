// See request.h. What can be sent as it was given is not copied.
#include "client/lib/request.h"

#include "common/message.h"
#include "common/scanner.h"
#include "common/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct span
text_of(const char *text, size_t length)
{
    return length > 0 ? (struct span){text, length} : span_of(text);
}

static void
add(struct request *request, struct span text)
{
    struct iovec *piece = &request->pieces[request->count++];

    piece->iov_base = (char *)text.at;
    piece->iov_len = text.length;
}

static int
add_method(struct request *request, struct span name)
{
    size_t length;

    add(request, SPAN("\"method\":"));
    if (name.length == 0 || !utf8_is_valid(name))
        return -EINVAL;
    if (message_method_is_plain(name)) {
        add(request, SPAN("\""));
        add(request, name);
        add(request, SPAN("\""));
        return 0;
    }
    request->method = message_quote(name, &length);
    if (request->method == NULL)
        return -ENOMEM;
    add(request, (struct span){request->method, length});
    return 0;
}

// The one value that the text must be, without the white space around it.
static bool
is_value(struct span text, struct span *ret_value, enum json_kind *ret_kind)
{
    struct scanner scanner;
    struct span value;

    scanner_init(&scanner, text, SCANNER_DEPTH_LIMIT);
    if (!scanner_value(&scanner, ret_kind, &value) || !scanner_finish(&scanner))
        return false;
    *ret_value = value;
    return true;
}

// A line break in valid JSON is white space between values: inside a string it is not allowed.
static void
join_lines(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\n' || text[i] == '\r')
            text[i] = ' ';
}

static int
add_params(struct request *request, struct span text)
{
    struct span value;
    enum json_kind kind;

    if (!is_value(text, &value, &kind) || (kind != JSON_KIND_ARRAY && kind != JSON_KIND_OBJECT))
        return -EINVAL;
    if (memchr(value.at, '\n', value.length) != NULL ||
        memchr(value.at, '\r', value.length) != NULL) {
        request->params = malloc(value.length);
        if (request->params == NULL)
            return -ENOMEM;
        memcpy(request->params, value.at, value.length);
        join_lines(request->params, value.length);
        value.at = request->params;
    }
    add(request, SPAN(",\"params\":"));
    add(request, value);
    return 0;
}

static bool
is_empty_object(struct span object)
{
    for (size_t i = 1; i + 1 < object.length; i++)
        if (strchr(" \t\r\n", object.at[i]) == NULL)
            return false;
    return true;
}

// Asking for progress is a member of the options: of several with one name the last counts.
static int
add_options(struct request *request, struct span text, bool progress)
{
    struct span object = SPAN("{}");
    enum json_kind kind = JSON_KIND_OBJECT;
    int length;

    if (!span_present(text) && !progress)
        return 0;
    if (span_present(text) && (!is_value(text, &object, &kind) || kind != JSON_KIND_OBJECT))
        return -EINVAL;
    if (object.length > INT32_MAX)
        return -EINVAL;
    length = asprintf(&request->options, "%.*s%s%s}", (int)object.length - 1, object.at,
                      progress && !is_empty_object(object) ? "," : "",
                      progress ? "\"progress\":true" : "");
    if (length < 0) {
        request->options = NULL;
        return -ENOMEM;
    }
    join_lines(request->options, (size_t)length);
    add(request, SPAN(",\"options\":"));
    add(request, (struct span){request->options, (size_t)length});
    return 0;
}

int
request_compose(const struct offload_call *call, uint64_t id, struct request *ret)
{
    int error;

    ret->count = 0;
    ret->method = NULL;
    ret->params = NULL;
    ret->options = NULL;
    add(ret, SPAN("{\"jsonrpc\":\"2.0\","));
    if (id != 0) {
        int length = snprintf(ret->id, sizeof(ret->id), "\"id\":%llu,", (unsigned long long)id);

        add(ret, (struct span){ret->id, (size_t)length});
    }
    error = add_method(ret, text_of(call->method, call->method_length));
    if (error == 0 && call->params != NULL)
        error = add_params(ret, text_of(call->params, call->params_length));
    if (error == 0 && id != 0)
        error =
            add_options(ret, text_of(call->options, call->options_length), call->progress != NULL);
    add(ret, SPAN("}"));
    if (error != 0)
        request_done(ret);
    return error;
}

void
request_done(struct request *request)
{
    free(request->method);
    free(request->params);
    free(request->options);
    request->method = NULL;
    request->params = NULL;
    request->options = NULL;
}
