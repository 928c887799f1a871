// Prints a configuration as a file that config_load reads back to the same.
#include "common/units.h"
#include "model/config_draft.h"

#include <inttypes.h>
#include <string.h>

#define WIDTH 100 // where a list goes over to a line per word

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
        fprintf(out, "%s%s", separator, *word);
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

static void
print_server(FILE *out, const struct config *config)
{
    const struct limits *limits = &config->limits;

    fputs("[server]\n", out);
    print_listen(out, config);
    fprintf(out, "%s = %04o\n", draft_key_name(KEY_SOCKET_MODE), (unsigned)config->socket_mode);
    print_time(out, KEY_DRAIN_TIMEOUT, config->drain_timeout_us);
    print_time(out, KEY_WRITE_TIMEOUT, config->write_timeout_us);
    print_size(out, KEY_LINE_MAX, limits->line_max);
    print_number(out, KEY_DEPTH_MAX, limits->depth_max);
    print_number(out, KEY_BATCH_MAX, limits->batch_max);
    print_number(out, KEY_IN_FLIGHT_MAX, limits->in_flight_max);
    print_number(out, KEY_SESSIONS_MAX, limits->sessions_max);
    print_number(out, KEY_QUEUE_MAX, limits->queue_max);
    print_size(out, KEY_QUEUE_MEMORY_MAX, limits->queue_memory_max);
    print_size(out, KEY_OUTPUT_MAX, limits->output_max);
    fprintf(out, "%s = %s\n", draft_key_name(KEY_LOG_LEVEL), log_level_name(config->log_level));
}

static void
print_pool(FILE *out, const struct pool_config *pool)
{
    fprintf(out, "\n[pool %s]\n", pool->name);
    if (pool->kind == POOL_PROGRAM)
        print_words(out, KEY_PROGRAM, pool->argv);
    else
        fprintf(out, "%s = yes\n", draft_key_name(KEY_BUILTIN));
    print_words(out, KEY_METHODS, pool->methods);
    print_number(out, KEY_PROCESSES, pool->processes);
    print_number(out, KEY_THREADS, pool->threads);
}

int
config_print(const struct config *config, FILE *out)
{
    print_server(out, config);
    for (size_t i = 0; i < config->pool_count; i++)
        print_pool(out, &config->pools[i]);
    return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}
