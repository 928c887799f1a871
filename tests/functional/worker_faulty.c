// A worker that does what workers must not do, on demand: one method per fault. And two that
// behave: `pid`, and `hold`, which answers once a file exists, so that tests decide when a job
// ends.
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

struct request {
    const json_t *id;
    const json_t *params;
};

static void
write_result(const json_t *id, json_t *result)
{
    json_t *response =
        json_pack("{s:s,s:O,s:o}", "jsonrpc", "2.0", "id", (json_t *)id, "result", result);

    json_dumpf(response, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(response);
}

static void
wait_for_ever(void)
{
    for (;;)
        pause();
}

static void
do_exit(const struct request *request)
{
    (void)request;
    _exit(3);
}

static void
do_last_words(const struct request *request)
{
    (void)request;
    fputs("these are my last words\n", stderr);
    _exit(4);
}

// Dies by the signal itself: a sanitizer's handler would turn it into an exit status.
static void
die_by(int signal_number)
{
    signal(signal_number, SIG_DFL);
    kill(getpid(), signal_number);
    wait_for_ever();
}

static void
do_crash(const struct request *request)
{
    (void)request;
    die_by(SIGSEGV);
}

static void
do_abort(const struct request *request)
{
    (void)request;
    die_by(SIGABRT);
}

static void
do_half_answer(const struct request *request)
{
    printf("{\"jsonrpc\":\"2.0\",\"id\":%lld,\"resu", (long long)json_integer_value(request->id));
    fflush(stdout);
    _exit(5);
}

static void
do_garbage(const struct request *request)
{
    (void)request;
    puts("this is no JSON");
}

static void
do_request_back(const struct request *request)
{
    (void)request;
    puts("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}");
}

static void
do_two_answers(const struct request *request)
{
    write_result(request->id, json_string("first"));
    write_result(request->id, json_string("second"));
}

static void
do_unknown_id(const struct request *request)
{
    json_t *id = json_integer(987654321);

    (void)request;
    write_result(id, json_true());
    json_decref(id);
}

static void
do_silent(const struct request *request)
{
    (void)request;
    wait_for_ever();
}

static void
do_stubborn(const struct request *request)
{
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    do_silent(request);
}

static void
do_close_stdout(const struct request *request)
{
    fclose(stdout);
    do_silent(request);
}

// Leaves a child behind that holds the pipe.
static void
do_orphan(const struct request *request)
{
    if (fork() == 0)
        do_silent(request);
    _exit(6);
}

static void
do_endless_line(const struct request *request)
{
    static char piece[65536];

    (void)request;
    memset(piece, 'a', sizeof(piece));
    for (;;)
        fwrite(piece, 1, sizeof(piece), stdout);
}

static void
do_chatter(const struct request *request)
{
    for (int i = 0; i < 100000; i++)
        fprintf(stderr, "line %d of a worker that talks far too much\n", i);
    write_result(request->id, json_string("done talking"));
}

static void
do_own_error(const struct request *request)
{
    printf("{\"jsonrpc\":\"2.0\",\"id\":%lld,\"error\":{\"code\":-5, \"message\":\"my own\",  "
           "\"data\":[1.0e0]}}\n",
           (long long)json_integer_value(request->id));
}

static void
do_pid(const struct request *request)
{
    write_result(request->id, json_integer(getpid()));
}

static void
do_hold(const struct request *request)
{
    const char *path = json_string_value(json_array_get(request->params, 0));

    while (path != NULL && access(path, F_OK) != 0)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    write_result(request->id, json_string("released"));
}

// ---- with time ------------------------------------------------------------------------------

static void
write_progress(const json_t *id, const char *value)
{
    printf("{\"jsonrpc\":\"2.0\",\"method\":\"$/"
           "progress\",\"params\":{\"token\":%lld,\"value\":%s}}\n",
           (long long)json_integer_value(id), value);
}

static void
nap_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

// [[VALUE, ...], MS]: each text is written as a progress value, with so many milliseconds between
// them; then an answer, and progress after it, which nobody may see.
static void
do_progress(const struct request *request)
{
    long ms = (long)json_integer_value(json_array_get(request->params, 1));
    json_t *value;
    size_t i;

    json_array_foreach (json_array_get(request->params, 0), i, value) {
        write_progress(request->id, json_string_value(value));
        fflush(stdout);
        nap_ms(ms);
    }
    write_result(request->id, json_string("told"));
    write_progress(request->id, "\"too late\"");
}

// [KIND, COUNT, BYTES]: so many values of that kind, numbered, each of about so many bytes.
static void
do_flood(const struct request *request)
{
    const char *kind = json_string_value(json_array_get(request->params, 0));
    json_int_t count = json_integer_value(json_array_get(request->params, 1));
    size_t size = (size_t)json_integer_value(json_array_get(request->params, 2));
    char *filler = calloc(1, size + 1);
    char *value = malloc(size + 128);

    memset(filler, 'x', size);
    for (json_int_t i = 1; i <= count; i++) {
        snprintf(value, size + 128, "{\"kind\":\"%s\",\"seq\":%lld,\"filler\":\"%s\"}", kind,
                 (long long)i, filler);
        write_progress(request->id, value);
    }
    free(value);
    free(filler);
    write_result(request->id, json_string("flooded"));
}

static void
do_nap(const struct request *request)
{
    nap_ms((long)json_integer_value(json_array_get(request->params, 0)));
    write_result(request->id, json_string("slept"));
}

// [FILE]: has a child that ignores SIGTERM under another name, writes both pids to the file, and
// ignores SIGTERM itself.
static void
do_stubborn_family(const struct request *request)
{
    const char *path = json_string_value(json_array_get(request->params, 0));
    char hidden[256];
    pid_t child;
    FILE *file;

    signal(SIGTERM, SIG_IGN);
    child = fork();
    if (child == 0) {
        prctl(PR_SET_NAME, "somebody else");
        wait_for_ever();
    }
    snprintf(hidden, sizeof(hidden), "%s.part", path);
    file = fopen(hidden, "w");
    fprintf(file, "%d %d\n", (int)getpid(), (int)child);
    fclose(file);
    rename(hidden, path); // whole or not there
    wait_for_ever();
}

// [FILE, K]: dies until the file, which grows with each call, has more than K bytes.
static void
do_die_first(const struct request *request)
{
    FILE *file = fopen(json_string_value(json_array_get(request->params, 0)), "a");
    long calls;

    fputc('x', file);
    calls = ftell(file);
    fclose(file);
    if (calls <= (long)json_integer_value(json_array_get(request->params, 1)))
        _exit(9);
    write_result(request->id, json_integer(calls));
}

static const struct {
    const char *name;
    void (*call)(const struct request *request);
} methods[] = {
    {"exit", do_exit},
    {"last_words", do_last_words},
    {"crash", do_crash},
    {"abort", do_abort},
    {"half_answer", do_half_answer},
    {"garbage", do_garbage},
    {"request_back", do_request_back},
    {"two_answers", do_two_answers},
    {"unknown_id", do_unknown_id},
    {"silent", do_silent},
    {"stubborn", do_stubborn},
    {"close_stdout", do_close_stdout},
    {"orphan", do_orphan},
    {"endless_line", do_endless_line},
    {"chatter", do_chatter},
    {"own_error", do_own_error},
    {"pid", do_pid},
    {"hold", do_hold},
    {"progress", do_progress},
    {"flood", do_flood},
    {"nap", do_nap},
    {"stubborn_family", do_stubborn_family},
    {"die_first", do_die_first},
};

static void
serve(const json_t *message)
{
    const struct request request = {.id = json_object_get(message, "id"),
                                    .params = json_object_get(message, "params")};
    const char *name = json_string_value(json_object_get(message, "method"));

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (name != NULL && strcmp(methods[i].name, name) == 0)
            methods[i].call(&request);
    fflush(stdout);
}

int
main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    while ((length = getline(&line, &size, stdin)) > 0) {
        json_t *message = json_loadb(line, (size_t)length, 0, NULL);

        if (message == NULL)
            return EXIT_FAILURE;
        serve(message);
        json_decref(message);
    }
    free(line);
    return EXIT_SUCCESS;
}
