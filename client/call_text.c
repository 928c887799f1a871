// See call_text.h.
#include "client/call_text.h"

#include "client/params.h"
#include "common/scanner.h"

#include <stdio.h>
#include <stdlib.h>

void
call_text_done(struct call_text *call)
{
    free(call->method);
    free(call->params);
    free(call->options);
    *call = (struct call_text){0};
}

bool
call_text_from_words(struct span method, const struct span *words, size_t count,
                     struct call_text *ret, char **ret_problem)
{
    struct call_text call = {0};

    *ret_problem = NULL;
    call.method = params_method(method, &call.method_length, ret_problem);
    if (call.method == NULL)
        return false;
    if (count == 1 && params_is_json(words[0]))
        call.params = params_from_json(words[0], &call.params_length, ret_problem);
    else if (count > 0)
        call.params = params_from_words(words, count, &call.params_length, ret_problem);
    if (count > 0 && call.params == NULL) {
        call_text_done(&call);
        return false;
    }
    *ret = call;
    return true;
}

static bool
is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static const char *
skip_space(const char *at, const char *end)
{
    while (at < end && is_space(*at))
        at++;
    return at;
}

static const char *
skip_word(const char *at, const char *end)
{
    while (at < end && !is_space(*at))
        at++;
    return at;
}

// The end of the JSON value that begins after the word's '='; NULL if none does, or if something is
// stuck to it.
static const char *
json_end(const char *at, const char *end)
{
    const char *stop = skip_word(at, end);
    const char *equals = memchr(at, '=', (size_t)(stop - at));
    struct scanner scanner;
    struct span value;
    enum json_kind kind;

    if (equals == NULL || equals + 1 >= end || strchr("\"[{", equals[1]) == NULL)
        return NULL;
    scanner_init(&scanner, (struct span){equals + 1, (size_t)(end - equals - 1)},
                 SCANNER_DEPTH_LIMIT);
    if (!scanner_value(&scanner, &kind, &value))
        return NULL;
    stop = value.at + value.length;
    return stop == end || is_space(*stop) ? stop : NULL;
}

// Takes the next word off [*at, end); false when none is left.
static bool
next_word(const char **at, const char *end, struct span *ret)
{
    const char *start = skip_space(*at, end);
    const char *stop;

    if (start == end)
        return false;
    stop = json_end(start, end);
    if (stop == NULL)
        stop = skip_word(start, end);
    *ret = (struct span){start, (size_t)(stop - start)};
    *at = stop;
    return true;
}

// Cuts the text into words; malloc, caller frees; NULL when out of memory.
static struct span *
split_words(struct span text, size_t *ret_count)
{
    const char *at = text.at;
    const char *end = text.at + text.length;
    struct span *words = malloc((text.length / 2 + 1) * sizeof(*words)); // a word and its space
    size_t count = 0;

    while (words != NULL && next_word(&at, end, &words[count]))
        count++;
    *ret_count = count;
    return words;
}

bool
call_text_from_argument(struct span text, struct call_text *ret, char **ret_problem)
{
    const char *end = text.at + text.length;
    const char *start = skip_space(text.at, end);
    const char *stop = skip_word(start, end);
    struct span method = {start, (size_t)(stop - start)};
    struct span rest = {skip_space(stop, end), 0};
    struct span *words;
    size_t count;
    bool good;

    if (start < end && *start == '{')
        return call_text_from_json(text, ret, ret_problem);
    rest.length = (size_t)(end - rest.at);
    if (params_is_json(rest))
        return call_text_from_words(method, &rest, 1, ret, ret_problem);
    *ret_problem = NULL;
    words = split_words(rest, &count);
    if (words == NULL)
        return false;
    good = call_text_from_words(method, words, count, ret, ret_problem);
    free(words);
    return good;
}

// The members of the object, or a sentence that says what is wrong.
static const char *
read_members(struct scanner *scanner, struct span *ret_method, struct span *ret_params,
             struct span *ret_options)
{
    struct span name;
    struct span value;
    enum json_kind kind;

    if (!scanner_enter(scanner, JSON_KIND_OBJECT))
        return "not a JSON object";
    while (scanner_member(scanner, &name)) {
        if (!scanner_value(scanner, &kind, &value))
            break;
        if (scanner_name_is(name, "method")) {
            if (kind != JSON_KIND_STRING)
                return "\"method\" is not a string";
            *ret_method = value;
        } else if (scanner_name_is(name, "params")) {
            if (kind != JSON_KIND_ARRAY && kind != JSON_KIND_OBJECT)
                return "\"params\" is not an array or object";
            *ret_params = value;
        } else if (scanner_name_is(name, "options")) {
            if (kind != JSON_KIND_OBJECT)
                return "\"options\" is not an object";
            *ret_options = value;
        } else {
            return "a member other than \"method\", \"params\" and \"options\"";
        }
    }
    if (scanner->status != SCAN_OK || !scanner_finish(scanner))
        return scanner->reason;
    return NULL;
}

bool
call_text_from_json(struct span line, struct call_text *ret, char **ret_problem)
{
    struct scanner scanner;
    struct span method = {0};
    struct span params = {0};
    struct span options = {0};
    struct call_text call = {0};
    const char *mistake;

    *ret_problem = NULL;
    scanner_init(&scanner, line, SCANNER_DEPTH_LIMIT);
    mistake = read_members(&scanner, &method, &params, &options);
    if (mistake == NULL && !span_present(method))
        mistake = "\"method\" is missing";
    else if (mistake == NULL && method.length == 2)
        mistake = "\"method\" is empty";
    if (mistake != NULL) {
        *ret_problem = strdup(mistake);
        return false;
    }
    call.method = malloc(method.length);
    if (call.method != NULL) {
        struct span inside = {method.at + 1, method.length - 2};

        call.method_length = scanner_unescape(inside, call.method);
        call.method[call.method_length] = '\0';
    }
    if (span_present(params)) // an argument, unlike a line, may hold line breaks
        call.params = params_from_json(params, &call.params_length, ret_problem);
    if (span_present(options))
        call.options = params_from_json(options, &call.options_length, ret_problem);
    if (call.method == NULL || (span_present(params) && call.params == NULL) ||
        (span_present(options) && call.options == NULL)) {
        call_text_done(&call);
        return false;
    }
    *ret = call;
    return true;
}
