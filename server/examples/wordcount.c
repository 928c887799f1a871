// A worker in C with jansson: counts the lines, words and bytes of a text.
//
//     $ cc -O2 -o wordcount wordcount.c -ljansson
//
//     [pool words]
//     program = /usr/local/bin/wordcount
//     methods = wordcount
//
//     $ offload call wordcount text='to be or not to be'
//     {"lines":0,"words":6,"bytes":18}
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static json_t *
count(const char *text, size_t length)
{
    json_int_t lines = 0, words = 0;
    bool inside = false;

    for (size_t i = 0; i < length; i++) {
        lines += text[i] == '\n';
        words += !inside && !is_space(text[i]);
        inside = !is_space(text[i]);
    }
    return json_pack("{s:I,s:I,s:I}", "lines", lines, "words", words, "bytes", (json_int_t)length);
}

// A new response to the request.
static json_t *
error(json_t *id, int code, const char *message, const char *reason)
{
    return json_pack("{s:s,s:O,s:{s:i,s:s,s:{s:s}}}", "jsonrpc", "2.0", "id", id, "error", "code",
                     code, "message", message, "data", "reason", reason);
}

static json_t *
answer(json_t *request, json_t *id)
{
    const char *method = json_string_value(json_object_get(request, "method"));
    json_t *text = json_object_get(json_object_get(request, "params"), "text");

    if (method == NULL || strcmp(method, "wordcount") != 0)
        return error(id, -32601, "Method not found", "it is not wordcount");
    if (!json_is_string(text))
        return error(id, -32602, "Invalid params", "text must be a string");
    return json_pack("{s:s,s:O,s:o}", "jsonrpc", "2.0", "id", id, "result",
                     count(json_string_value(text), json_string_length(text)));
}

static void
serve(json_t *request)
{
    json_t *id = json_object_get(request, "id");
    json_t *response;

    if (id == NULL) // a notification is never answered
        return;
    response = answer(request, id);
    if (response == NULL || json_dumpf(response, stdout, JSON_COMPACT) != 0)
        exit(EXIT_FAILURE); // out of memory: the daemon says so to the client and starts another
    putchar('\n');
    fflush(stdout); // now, not when the buffer is full
    json_decref(response);
}

int
main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    while ((length = getline(&line, &size, stdin)) > 0) {
        json_t *request;

        if (strspn(line, " \t\r\n") == (size_t)length)
            continue;
        request = json_loadb(line, (size_t)length, JSON_ALLOW_NUL, NULL);
        if (request == NULL) {
            // Valid, but more than jansson takes: a number beyond its range, for example.
            fprintf(stderr, "not understood: %.200s\n", line);
            return EXIT_FAILURE;
        }
        serve(request);
        json_decref(request);
    }
    free(line);
    return EXIT_SUCCESS;
}
