// A worker as an event loop makes one: it reads while jobs are under way and answers in any order.
// Methods: `wait` [MS, RESULT] answers RESULT after so many milliseconds, `sleep_until_cancelled`
// answers only when it is cancelled.
//
// Options: --delay MS before worker.ready, --cancel says that it understands cancel, --deaf that
// but does not react to it, --never says nothing at all.
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX 1024

struct job {
    json_int_t id; // 0: free
    long long due_ms;
    char *result;
};

struct options {
    long delay_ms;
    bool cancel;
    bool deaf;
    bool never;
};

static struct job jobs[JOBS_MAX];

static long long
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void
finish(struct job *job, const char *member, const char *body)
{
    printf("{\"jsonrpc\":\"2.0\",\"id\":%lld,\"%s\":%s}\n", (long long)job->id, member, body);
    free(job->result);
    *job = (struct job){0};
}

static void
begin(const json_t *request, bool for_ever)
{
    json_t *params = json_object_get(request, "params");
    size_t i = 0;

    while (i < JOBS_MAX - 1 && jobs[i].id != 0)
        i++;
    jobs[i].id = json_integer_value(json_object_get(request, "id"));
    jobs[i].due_ms = for_ever ? 0 : now_ms() + json_integer_value(json_array_get(params, 0));
    jobs[i].result = json_dumps(json_array_get(params, 1), JSON_COMPACT | JSON_ENCODE_ANY);
}

static void
cancel(const json_t *request)
{
    json_int_t id = json_integer_value(json_object_get(json_object_get(request, "params"), "id"));

    for (size_t i = 0; i < JOBS_MAX; i++)
        if (id != 0 && jobs[i].id == id)
            finish(&jobs[i], "error", "{\"code\":-32800,\"message\":\"cancelled\"}");
}

static void
take(const struct options *options, const char *line)
{
    json_t *request = json_loads(line, 0, NULL);
    const char *method = json_string_value(json_object_get(request, "method"));

    if (method == NULL)
        exit(EXIT_FAILURE);
    if (strcmp(method, "$/cancelRequest") != 0)
        begin(request, strcmp(method, "wait") != 0);
    else if (!options->deaf)
        cancel(request);
    json_decref(request);
}

// Answers what is due; returns for how long nothing will be, -1 for ever.
static int
answer_due(void)
{
    long long now = now_ms();
    long long least = -1;

    for (size_t i = 0; i < JOBS_MAX; i++) {
        if (jobs[i].id == 0 || jobs[i].due_ms == 0)
            continue;
        if (jobs[i].due_ms <= now)
            finish(&jobs[i], "result", jobs[i].result != NULL ? jobs[i].result : "null");
        else if (least < 0 || jobs[i].due_ms - now < least)
            least = jobs[i].due_ms - now;
    }
    fflush(stdout);
    return (int)least;
}

static void
serve(const struct options *options)
{
    static char input[1 << 20];
    size_t length = 0;

    for (;;) {
        struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
        char *newline;
        ssize_t got;

        if (poll(&wait, 1, answer_due()) > 0) {
            got = read(STDIN_FILENO, input + length, sizeof(input) - 1 - length);
            if (got <= 0)
                return;
            length += (size_t)got;
        }
        while ((newline = memchr(input, '\n', length)) != NULL) {
            *newline = '\0';
            take(options, input);
            length -= (size_t)(newline + 1 - input);
            memmove(input, newline + 1, length);
        }
    }
}

int
main(int argc, char *argv[])
{
    struct options options = {0};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--delay") == 0 && i + 1 < argc)
            options.delay_ms = strtol(argv[++i], NULL, 10);
        options.cancel |= strcmp(argv[i], "--cancel") == 0;
        options.deaf |= strcmp(argv[i], "--deaf") == 0;
        options.never |= strcmp(argv[i], "--never") == 0;
    }
    if (options.delay_ms > 0)
        poll(NULL, 0, (int)options.delay_ms);
    if (!options.never) {
        printf("{\"jsonrpc\":\"2.0\",\"method\":\"worker.ready\",\"params\":{\"cancel\":%s}}\n",
               options.cancel || options.deaf ? "true" : "false");
        fflush(stdout);
    }
    serve(&options);
    return EXIT_SUCCESS;
}
