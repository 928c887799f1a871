// offload methods: what can be called. A table for a terminal, names for a pipe, rpc.discover's
// document as it is for --json.
#include "client/ask.h"
#include "client/command.h"
#include "client/options.h"
#include "client/output.h"
#include "client/report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *
name_of(const json_t *method)
{
    const char *name = json_string_value(json_object_get(method, "name"));

    return name != NULL ? name : "";
}

static int
widest_name(const json_t *methods)
{
    size_t widest = 0;
    size_t index;
    const json_t *method;

    json_array_foreach (methods, index, method) {
        size_t length = strlen(name_of(method));

        widest = length > widest ? length : widest;
    }
    return widest > 40 ? 40 : (int)widest;
}

// Without the last newline, which the output adds.
static char *
render(const json_t *methods, bool names_only)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    int width = widest_name(methods);
    size_t index;
    const json_t *method;

    if (out == NULL)
        return NULL;
    json_array_foreach (methods, index, method) {
        const char *summary = json_string_value(json_object_get(method, "summary"));
        const char *separator = index > 0 ? "\n" : "";

        if (names_only || summary == NULL)
            fprintf(out, "%s%s", separator, name_of(method));
        else
            fprintf(out, "%s%-*s  %s", separator, width, name_of(method), summary);
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static int
print_methods(struct span document)
{
    json_auto_t *root = json_loadb(document.at, document.length, 0, NULL);
    const json_t *methods = json_object_get(root, "methods");
    char *text;
    int status;

    if (!json_is_array(methods)) {
        report_problem("the daemon's answer has no list of methods");
        return REPORT_STATUS_PROTOCOL;
    }
    text = render(methods, isatty(STDOUT_FILENO) == 0);
    if (text == NULL)
        return report_no_memory();
    status = report_stdout(output_line(span_of(text)));
    free(text);
    return status;
}

int
command_methods(const struct options *options)
{
    struct offload_answer answer;
    struct ask *ask;
    int status = ask_open(options, &ask);

    if (status != 0)
        return status;
    status = ask_control(ask, "rpc.discover", &answer);
    if (status == 0) {
        struct span document = {answer.json, answer.length};

        status = options->json ? report_stdout(output_line(document)) : print_methods(document);
        offload_answer_done(&answer);
    }
    ask_close(ask);
    return status;
}
