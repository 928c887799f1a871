// offload status: what the daemon is doing. A table for a terminal; server.status as it is for
// --json and for a pipe. A member that the daemon does not tell is left out.
#include "client/ask.h"
#include "client/command.h"
#include "client/options.h"
#include "client/output.h"
#include "client/report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static long long
number(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

static const char *
text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value != NULL ? value : "?";
}

static void
put_uptime(FILE *out, double seconds)
{
    long long whole = (long long)seconds;

    if (whole >= 86400)
        fprintf(out, "%lld d %lld h", whole / 86400, whole % 86400 / 3600);
    else if (whole >= 3600)
        fprintf(out, "%lld h %lld min", whole / 3600, whole % 3600 / 60);
    else if (whole >= 60)
        fprintf(out, "%lld min %lld s", whole / 60, whole % 60);
    else
        fprintf(out, "%lld s", whole);
}

static void
put_head(FILE *out, const json_t *root)
{
    const json_t *listen = json_object_get(root, "listen");
    const json_t *address;
    size_t index;

    fprintf(out, "offloadd %s, pid %lld, %s, up ", text(root, "version"), number(root, "pid"),
            text(root, "state"));
    put_uptime(out, json_number_value(json_object_get(root, "uptime_seconds")));
    json_array_foreach (listen, index, address)
        fprintf(out, "%s%s", index == 0 ? "\nlistens on  " : "\n            ",
                json_string_value(address) != NULL ? json_string_value(address) : "?");
}

// "jobs        3 queued, 2 running, 117 succeeded": every counter there is.
static void
put_counters(FILE *out, const char *title, const json_t *counters)
{
    size_t column = 12;
    bool first = true;
    const char *name;
    json_t *value;

    fprintf(out, "\n%-12s", title);
    json_object_foreach ((json_t *)counters, name, value) {
        char one[96];
        size_t length;

        if (!json_is_integer(value))
            continue;
        length = (size_t)snprintf(one, sizeof(one), "%lld %s", (long long)json_integer_value(value),
                                  name);
        if (!first && column + length + 2 > 78) {
            fprintf(out, ",\n%-12s", "");
            column = 12;
        } else if (!first) {
            fputs(", ", out);
            column += 2;
        }
        fputs(one, out);
        column += length;
        first = false;
    }
}

static void
put_methods(FILE *out, const json_t *methods)
{
    const json_t *method;
    size_t index;

    json_array_foreach (methods, index, method)
        fprintf(out, "%s%s", index > 0 ? " " : "",
                json_string_value(method) != NULL ? json_string_value(method) : "?");
}

static void
put_pools(FILE *out, const json_t *pools)
{
    const json_t *pool;
    size_t index;

    fprintf(out, "\n\n%-14s %-8s %5s %7s %7s %7s %8s  %s", "POOL", "KIND", "PROCS", "THREADS",
            "QUEUED", "RUNNING", "RESTARTS", "METHODS");
    json_array_foreach (pools, index, pool) {
        fprintf(out, "\n%-14s %-8s %5lld %7lld %7lld %7lld %8lld  ", text(pool, "name"),
                text(pool, "kind"), number(pool, "processes"), number(pool, "threads"),
                number(pool, "queued"), number(pool, "running"), number(pool, "restarts"));
        put_methods(out, json_object_get(pool, "methods"));
    }
}

static int
print_table(struct span document)
{
    json_auto_t *root = json_loadb(document.at, document.length, 0, NULL);
    char *table = NULL;
    size_t length = 0;
    FILE *out;
    int status;

    if (!json_is_object(root)) {
        report_problem("the daemon's answer is no status");
        return REPORT_STATUS_PROTOCOL;
    }
    out = open_memstream(&table, &length);
    if (out == NULL)
        return report_no_memory();
    put_head(out, root);
    put_counters(out, "sessions", json_object_get(root, "sessions"));
    put_counters(out, "requests", json_object_get(root, "requests"));
    put_counters(out, "jobs", json_object_get(root, "jobs"));
    put_pools(out, json_object_get(root, "pools"));
    status = fclose(out) == 0 ? report_stdout(output_line((struct span){table, length}))
                              : report_no_memory();
    free(table);
    return status;
}

int
command_status(const struct options *options)
{
    bool raw = options->json || isatty(STDOUT_FILENO) == 0;
    struct offload_answer answer;
    struct ask *ask;
    int status = ask_open(options, &ask);

    if (status != 0)
        return status;
    status = ask_control(ask, "server.status", &answer);
    if (status == 0) {
        struct span document = {answer.json, answer.length};

        status = raw ? report_stdout(output_line(document)) : print_table(document);
        offload_answer_done(&answer);
    }
    ask_close(ask);
    return status;
}
