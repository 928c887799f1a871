// A worker for the examples of the JSON-RPC 2.0 specification, section 7: the methods that stand
// there, served from stdin to stdout, a line each. Written with jansson alone, as somebody who
// knows nothing of offload would write it.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

// New reference, or NULL: the params are wrong.
static json_t *
subtract(const json_t *params)
{
    json_int_t left, right;

    if (json_unpack((json_t *)params, "[I,I!]", &left, &right) != 0 &&
        json_unpack((json_t *)params, "{s:I,s:I!}", "minuend", &left, "subtrahend", &right) != 0)
        return NULL;
    return json_integer(left - right);
}

static json_t *
sum(const json_t *params)
{
    json_int_t total = 0;
    json_t *number;
    size_t i;

    if (!json_is_array(params))
        return NULL;
    json_array_foreach (params, i, number) {
        if (!json_is_integer(number))
            return NULL;
        total += json_integer_value(number);
    }
    return json_integer(total);
}

static json_t *
get_data(const json_t *params)
{
    return params == NULL ? json_pack("[s,i]", "hello", 5) : NULL;
}

// Takes whatever it is told.
static json_t *
take_note(const json_t *params)
{
    (void)params;
    return json_null();
}

static const struct {
    const char *name;
    json_t *(*call)(const json_t *params);
} methods[] = {
    {"subtract", subtract}, {"sum", sum},        {"get_data", get_data},
    {"update", take_note},  {"notify_sum", sum}, {"notify_hello", take_note},
};

static json_t *
call(const char *name, const json_t *params)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (name != NULL && strcmp(methods[i].name, name) == 0)
            return methods[i].call(params);
    return NULL;
}

static void
answer(const json_t *request)
{
    json_t *id = json_object_get(request, "id");
    json_t *result = call(json_string_value(json_object_get(request, "method")),
                          json_object_get(request, "params"));
    json_t *response;

    if (id == NULL) {
        json_decref(result);
        return;
    }
    if (result != NULL)
        response = json_pack("{s:s,s:O,s:o}", "jsonrpc", "2.0", "id", id, "result", result);
    else
        response = json_pack("{s:s,s:O,s:{s:i,s:s}}", "jsonrpc", "2.0", "id", id, "error", "code",
                             -32602, "message", "Invalid params");
    json_dumpf(response, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(response);
}

int
main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    while ((length = getline(&line, &size, stdin)) > 0) {
        json_t *request = json_loadb(line, (size_t)length, 0, NULL);

        if (request == NULL)
            return EXIT_FAILURE;
        answer(request);
        json_decref(request);
        fflush(stdout);
    }
    free(line);
    return EXIT_SUCCESS;
}
