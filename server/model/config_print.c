// Prints a configuration as a file that config_load reads back to the same.
#include "common/units.h"
#include "model/config_draft.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH          100 // where a list goes over to a line per word
#define WEIGHTS_A_LINE 5

static void
print_time(FILE *out, enum config_key key, int64_t us)
{
    char text[UNITS_TEXT_MAX];

    units_format_time(us, text);
    fprintf(out, "%s = %s\n", draft_key_name(key), text);
}

static void
print_size(FILE *out, enum config_key key, size_t bytes)
{
    char text[UNITS_TEXT_MAX];

    units_format_size(bytes, text);
    fprintf(out, "%s = %s\n", draft_key_name(key), text);
}

static void
print_number(FILE *out, enum config_key key, unsigned number)
{
    fprintf(out, "%s = %u\n", draft_key_name(key), number);
}

static void
print_bool(FILE *out, enum config_key key, bool value)
{
    fprintf(out, "%s = %s\n", draft_key_name(key), value ? "yes" : "no");
}

// None of a list's own lines may begin like a section or a key. Such a word stood behind another
// where it was read, too.
static bool
may_begin_line(enum config_key key, const char *word)
{
    return *word != '[' && !draft_looks_like_key(key, word);
}

// inih reads lines of a limited length, so that a long list goes on in indented lines.
static void
print_words(FILE *out, enum config_key key, char *const *words)
{
    size_t width = strlen(draft_key_name(key)) + 2;
    const char *separator;

    for (char *const *word = words; *word != NULL; word++)
        width += strlen(*word) + 1;
    separator = width <= WIDTH ? " " : "\n    ";
    fprintf(out, "%s =", draft_key_name(key));
    for (char *const *word = words; *word != NULL; word++)
        fprintf(out, "%s%s", may_begin_line(key, *word) ? separator : " ", *word);
    fputc('\n', out);
}

static void
print_listen(FILE *out, const struct config *config)
{
    char text[ADDRESS_TEXT_MAX];

    for (size_t i = 0; i < config->listen_count; i++) {
        char *words[] = {text, NULL};

        address_format(&config->listen[i], text);
        print_words(out, KEY_LISTEN, words);
    }
}

// By uid: a name may mean another one where this is read.
static void
print_weights(FILE *out, const struct config *config)
{
    if (config->weight_count > 0)
        fprintf(out, "%s =", draft_key_name(KEY_WEIGHT));
    for (size_t i = 0; i < config->weight_count; i++)
        fprintf(out, "%s%u:%u", i % WEIGHTS_A_LINE != 0 || i == 0 ? " " : "\n    ",
                (unsigned)config->weights[i].uid, config->weights[i].weight);
    if (config->weight_count > 0)
        fputc('\n', out);
}

static void
print_server(FILE *out, const struct config *config)
{
    const struct limits *limits = &config->limits;

    fputs("[server]\n", out);
    print_listen(out, config);
    fprintf(out, "%s = %04o\n", draft_key_name(KEY_SOCKET_MODE), (unsigned)config->socket_mode);
    print_time(out, KEY_DRAIN_TIMEOUT, config->drain_timeout_us);
    print_time(out, KEY_WRITE_TIMEOUT, config->write_timeout_us);
    print_time(out, KEY_LINE_TIMEOUT, config->line_timeout_us);
    print_time(out, KEY_SESSION_TIMEOUT, config->session_timeout_us);
    print_size(out, KEY_LINE_MAX, limits->line_max);
    print_number(out, KEY_DEPTH_MAX, limits->depth_max);
    print_number(out, KEY_BATCH_MAX, limits->batch_max);
    print_number(out, KEY_GATHER_MAX, limits->gather_max);
    print_number(out, KEY_GATHER_DEPTH_MAX, limits->gather_depth_max);
    print_number(out, KEY_IN_FLIGHT_MAX, limits->in_flight_max);
    print_number(out, KEY_SESSIONS_MAX, limits->sessions_max);
    print_number(out, KEY_QUEUE_MAX, limits->queue_max);
    print_size(out, KEY_QUEUE_MEMORY_MAX, limits->queue_memory_max);
    print_size(out, KEY_OUTPUT_MAX, limits->output_max);
    fprintf(out, "%s = %s\n", draft_key_name(KEY_LOG_LEVEL), log_level_name(config->log_level));
    print_weights(out, config);
}

static void
print_text(FILE *out, enum config_key key, const char *text)
{
    if (text != NULL)
        fprintf(out, "%s = %s\n", draft_key_name(key), text);
}

// What the processes are given.
static void
print_process(FILE *out, const struct pool_config *pool)
{
    print_number(out, KEY_CPU_WEIGHT, pool->cpu_weight);
    print_time(out, KEY_CPU_TIME_MAX, pool->cpu_time_max_us);
    print_number(out, KEY_OPEN_FILES_MAX, pool->open_files_max);
    fprintf(out, "%s = %d\n", draft_key_name(KEY_NICE), pool->nice);
    print_text(out, KEY_STDIN, pool->stdin_param);
    print_text(out, KEY_USER, pool->user);
    print_text(out, KEY_GROUP, pool->group);
    print_text(out, KEY_DIRECTORY, pool->directory);
    if (pool->environment != NULL)
        print_words(out, KEY_ENVIRONMENT, pool->environment);
}

static void
print_pool(FILE *out, const struct pool_config *pool)
{
    fprintf(out, "\n[pool %s]\n", pool->name);
    if (pool->kind == POOL_PROGRAM)
        print_words(out, KEY_PROGRAM, pool->argv);
    else if (pool->kind == POOL_COMMAND)
        print_words(out, KEY_COMMAND, pool->command);
    else if (pool->kind == POOL_PLUGIN)
        fprintf(out, "%s = %s\n", draft_key_name(KEY_PLUGIN), pool->plugin);
    else
        print_bool(out, KEY_BUILTIN, true);
    print_words(out, KEY_METHODS, pool->methods);
    if (pool->processes_min == pool->processes)
        print_number(out, KEY_PROCESSES, pool->processes);
    else
        fprintf(out, "%s = %u..%u\n", draft_key_name(KEY_PROCESSES), pool->processes_min,
                pool->processes);
    if (pool->in_flight == 0)
        print_number(out, KEY_THREADS, pool->threads);
    print_time(out, KEY_TIMEOUT_QUEUE, pool->timeouts.us[TIMEOUT_QUEUE]);
    print_time(out, KEY_TIMEOUT_RUN, pool->timeouts.us[TIMEOUT_RUN]);
    print_time(out, KEY_TIMEOUT_SILENCE, pool->timeouts.us[TIMEOUT_SILENCE]);
    print_time(out, KEY_TIMEOUT_TOTAL, pool->timeouts.us[TIMEOUT_TOTAL]);
    print_time(out, KEY_KILL_DELAY, pool->kill_delay_us);
    if (pool->in_flight != 0)
        print_number(out, KEY_IN_FLIGHT, pool->in_flight);
    print_number(out, KEY_PREFETCH, pool->prefetch);
    print_bool(out, KEY_WAIT_READY, pool->wait_ready);
    print_time(out, KEY_TIMEOUT_START, pool->start_timeout_us);
    print_number(out, KEY_CRASH_LIMIT, pool->crash_limit);
    print_time(out, KEY_IDLE_TIMEOUT, pool->idle_timeout_us);
    print_number(out, KEY_MAX_JOBS, pool->max_jobs);
    print_time(out, KEY_MAX_AGE, pool->max_age_us);
    print_size(out, KEY_MEMORY_MAX, pool->memory_max);
    print_process(out, pool);
}

int
config_print(const struct config *config, FILE *out)
{
    print_server(out, config);
    for (size_t i = 0; i < config->pool_count; i++)
        print_pool(out, &config->pools[i]);
    return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}

// A pool as text; NULL when out of memory.
static char *
pool_text(const struct pool_config *pool)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    print_pool(out, pool);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

// What is printed reads back to the same, so it is all that there is to compare.
bool
config_same_pool(const struct pool_config *one, const struct pool_config *other)
{
    char *text = pool_text(one);
    char *other_text = pool_text(other);
    bool same = text != NULL && other_text != NULL && strcmp(text, other_text) == 0;

    free(text);
    free(other_text);
    return same;
}
