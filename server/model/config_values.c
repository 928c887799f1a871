// The values of the configuration: one function per kind of value, and for each key its kind, its
// bounds and its field. It judges each value alone; what several keys must be together is in
// config_check.c.
#include "common/units.h"
#include "model/config_draft.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

// One value on its way to its field.
struct use {
    struct config_draft *draft;
    enum config_key key;
    void *target; // the struct config, or the struct pool_draft
    void *field;  // in it
};

struct rule {
    size_t offset; // of the field in its target
    uint64_t least;
    uint64_t most;
    void (*apply)(const struct use *use, const char *value);
    void (*clear)(void *target); // of a list; NULL: the key takes one value
};

static void apply_number(const struct use *use, const char *value);
static void apply_size(const struct use *use, const char *value);
static void apply_time(const struct use *use, const char *value);
static void apply_mode(const struct use *use, const char *value);
static void apply_level(const struct use *use, const char *value);
static void apply_bool(const struct use *use, const char *value);
static void apply_name(const struct use *use, const char *value);
static void apply_nice(const struct use *use, const char *value);
static void apply_path(const struct use *use, const char *value);
static void apply_processes(const struct use *use, const char *value);
static void apply_listen(const struct use *use, const char *value);
static void apply_weight(const struct use *use, const char *value);
static void apply_words(const struct use *use, const char *value);
static void clear_listen(void *target);
static void clear_weight(void *target);
static void clear_program(void *target);
static void clear_methods(void *target);
static void clear_environment(void *target);
static void clear_command(void *target);

#define SERVER(member) offsetof(struct config, member)
#define LIMIT(member)  offsetof(struct config, limits.member)
#define POOL(member)   offsetof(struct pool_draft, member)
#define KIB            ((uint64_t)1 << 10)
#define GIB            ((uint64_t)1 << 30)
#define COUNT_MAX      1000000
#define DAY_US         ((uint64_t)86400 * 1000000)
#define YEAR_US        (365 * DAY_US)
#define TIMEOUT(kind)  offsetof(struct pool_draft, config.timeouts.us[kind])

static const struct rule rules[KEY_COUNT] = {
    [KEY_LISTEN] = {SERVER(listen), 0, 0, apply_listen, clear_listen},
    [KEY_SOCKET_MODE] = {SERVER(socket_mode), 0, 0777, apply_mode, NULL},
    [KEY_DRAIN_TIMEOUT] = {SERVER(drain_timeout_us), 0, DAY_US, apply_time, NULL},
    [KEY_WRITE_TIMEOUT] = {SERVER(write_timeout_us), 1000, DAY_US, apply_time, NULL},
    [KEY_LINE_TIMEOUT] = {SERVER(line_timeout_us), 0, DAY_US, apply_time, NULL},
    [KEY_SESSION_TIMEOUT] = {SERVER(session_timeout_us), 0, DAY_US, apply_time, NULL},
    [KEY_LINE_MAX] = {LIMIT(line_max), KIB, GIB, apply_size, NULL},
    [KEY_DEPTH_MAX] = {LIMIT(depth_max), 1, 1024, apply_number, NULL},
    [KEY_BATCH_MAX] = {LIMIT(batch_max), 1, COUNT_MAX, apply_number, NULL},
    [KEY_GATHER_MAX] = {LIMIT(gather_max), 1, 10 * COUNT_MAX, apply_number, NULL},
    [KEY_GATHER_DEPTH_MAX] = {LIMIT(gather_depth_max), 1, 64, apply_number, NULL},
    [KEY_IN_FLIGHT_MAX] = {LIMIT(in_flight_max), 1, COUNT_MAX, apply_number, NULL},
    [KEY_SESSIONS_MAX] = {LIMIT(sessions_max), 1, COUNT_MAX, apply_number, NULL},
    [KEY_QUEUE_MAX] = {LIMIT(queue_max), 1, 100 * COUNT_MAX, apply_number, NULL},
    [KEY_QUEUE_MEMORY_MAX] = {LIMIT(queue_memory_max), 4 * KIB, 1024 * GIB, apply_size, NULL},
    [KEY_OUTPUT_MAX] = {LIMIT(output_max), 4 * KIB, GIB, apply_size, NULL},
    [KEY_LOG_LEVEL] = {SERVER(log_level), 0, 0, apply_level, NULL},
    [KEY_WEIGHT] = {SERVER(weights), 0, 0, apply_weight, clear_weight},
    [KEY_BUILTIN] = {POOL(builtin), 0, 0, apply_bool, NULL},
    [KEY_PROGRAM] = {POOL(config.argv), 0, 0, apply_words, clear_program},
    [KEY_METHODS] = {POOL(config.methods), 0, 0, apply_words, clear_methods},
    [KEY_PROCESSES] = {POOL(config.processes), 1, 1024, apply_processes, NULL},
    [KEY_THREADS] = {POOL(config.threads), 1, 1024, apply_number, NULL},
    [KEY_TIMEOUT_QUEUE] = {TIMEOUT(TIMEOUT_QUEUE), 0, YEAR_US, apply_time, NULL},
    [KEY_TIMEOUT_RUN] = {TIMEOUT(TIMEOUT_RUN), 0, YEAR_US, apply_time, NULL},
    [KEY_TIMEOUT_SILENCE] = {TIMEOUT(TIMEOUT_SILENCE), 0, YEAR_US, apply_time, NULL},
    [KEY_TIMEOUT_TOTAL] = {TIMEOUT(TIMEOUT_TOTAL), 0, YEAR_US, apply_time, NULL},
    [KEY_KILL_DELAY] = {POOL(config.kill_delay_us), 0, DAY_US, apply_time, NULL},
    [KEY_PLUGIN] = {POOL(config.plugin), 0, 0, apply_path, NULL},
    [KEY_IN_FLIGHT] = {POOL(config.in_flight), 1, 65536, apply_number, NULL},
    [KEY_PREFETCH] = {POOL(config.prefetch), 0, 4096, apply_number, NULL},
    [KEY_WAIT_READY] = {POOL(config.wait_ready), 0, 0, apply_bool, NULL},
    [KEY_TIMEOUT_START] = {POOL(config.start_timeout_us), 0, DAY_US, apply_time, NULL},
    [KEY_CRASH_LIMIT] = {POOL(config.crash_limit), 1, 1000, apply_number, NULL},
    [KEY_IDLE_TIMEOUT] = {POOL(config.idle_timeout_us), 1000, YEAR_US, apply_time, NULL},
    [KEY_MAX_JOBS] = {POOL(config.max_jobs), 0, 1000 * COUNT_MAX, apply_number, NULL},
    [KEY_MAX_AGE] = {POOL(config.max_age_us), 0, YEAR_US, apply_time, NULL},
    [KEY_MEMORY_MAX] = {POOL(config.memory_max), 0, 1024 * 1024 * GIB, apply_size, NULL},
    [KEY_CPU_WEIGHT] = {POOL(config.cpu_weight), 0, 10000, apply_number, NULL},
    [KEY_CPU_TIME_MAX] = {POOL(config.cpu_time_max_us), 0, YEAR_US, apply_time, NULL},
    [KEY_OPEN_FILES_MAX] = {POOL(config.open_files_max), 0, COUNT_MAX, apply_number, NULL},
    [KEY_NICE] = {POOL(config.nice), 0, 0, apply_nice, NULL},
    [KEY_USER] = {POOL(config.user), 0, 0, apply_name, NULL},
    [KEY_GROUP] = {POOL(config.group), 0, 0, apply_name, NULL},
    [KEY_DIRECTORY] = {POOL(config.directory), 0, 0, apply_path, NULL},
    [KEY_COMMAND] = {POOL(config.command), 0, 0, apply_words, clear_command},
    [KEY_STDIN] = {POOL(config.stdin_param), 0, 0, apply_name, NULL},
    [KEY_ENVIRONMENT] = {POOL(config.environment), 0, 0, apply_words, clear_environment},
};

static void bad_value(const struct use *use, const char *value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
bad_value(const struct use *use, const char *value, const char *format, ...)
{
    char quote[DRAFT_QUOTE_SIZE];
    char expected[200];
    va_list list;

    va_start(list, format);
    vsnprintf(expected, sizeof(expected), format, list);
    va_end(list);
    draft_fail(use->draft, use->draft->at, "%s: '%s' is not %s", draft_key_name(use->key),
               draft_quote(value, quote), expected);
}

static void
apply_number(const struct use *use, const char *value)
{
    const struct rule *rule = &rules[use->key];
    uint64_t number;

    if (units_parse_number(value, rule->least, rule->most, &number))
        *(unsigned *)use->field = (unsigned)number;
    else
        bad_value(use, value, "a whole number from %ju to %ju", (uintmax_t)rule->least,
                  (uintmax_t)rule->most);
}

// "MIN..MAX" into two texts; false if it is no range.
static bool
split_range(const char *value, char least[24], char most[24])
{
    const char *dots = strstr(value, "..");

    if (dots == NULL || dots - value >= 24 || strlen(dots + 2) >= 24)
        return false;
    snprintf(least, 24, "%.*s", (int)(dots - value), value);
    snprintf(most, 24, "%s", dots + 2);
    return true;
}

static void
apply_processes(const struct use *use, const char *value)
{
    const struct rule *rule = &rules[use->key];
    struct pool_config *pool = &((struct pool_draft *)use->target)->config;
    char least_text[24];
    char most_text[24];
    uint64_t least = 0;
    uint64_t most = 0;

    if (split_range(value, least_text, most_text)) {
        if (units_parse_number(most_text, rule->least, rule->most, &most) &&
            units_parse_number(least_text, 0, most, &least)) {
            pool->processes = (unsigned)most;
            pool->processes_min = (unsigned)least;
            return;
        }
    } else if (strcmp(value, "auto") == 0 ||
               units_parse_number(value, rule->least, rule->most, &most)) {
        // 0 becomes the number of cores at the end.
        pool->processes = pool->processes_min = (unsigned)most;
        return;
    }
    bad_value(use, value, "auto, a whole number from %ju to %ju, or MIN..MAX of such",
              (uintmax_t)rule->least, (uintmax_t)rule->most);
}

static void
apply_nice(const struct use *use, const char *value)
{
    char *end;
    long nice = strtol(value, &end, 10);

    if (end == value || *end != '\0' || nice < -20 || nice > 19)
        bad_value(use, value, "a whole number from -20 to 19");
    else
        *(int *)use->field = (int)nice;
}

static void
apply_size(const struct use *use, const char *value)
{
    const struct rule *rule = &rules[use->key];
    char least[UNITS_TEXT_MAX];
    char most[UNITS_TEXT_MAX];
    uint64_t bytes;

    if (units_parse_size(value, &bytes) && bytes >= rule->least && bytes <= rule->most) {
        *(size_t *)use->field = bytes;
        return;
    }
    units_format_size(rule->least, least);
    units_format_size(rule->most, most);
    bad_value(use, value, "a size from %s to %s", least, most);
}

static void
apply_time(const struct use *use, const char *value)
{
    const struct rule *rule = &rules[use->key];
    char least[UNITS_TEXT_MAX];
    char most[UNITS_TEXT_MAX];
    int64_t us;

    if (units_parse_time(value, &us) && (uint64_t)us >= rule->least && (uint64_t)us <= rule->most) {
        *(int64_t *)use->field = us;
        return;
    }
    units_format_time((int64_t)rule->least, least);
    units_format_time((int64_t)rule->most, most);
    bad_value(use, value, "a time from %s to %s, such as 10s, 250ms or 5min", least, most);
}

static void
apply_mode(const struct use *use, const char *value)
{
    size_t length = strlen(value);

    if (length == 0 || length > 4 || strspn(value, "01234567") != length ||
        strtoul(value, NULL, 8) > rules[use->key].most)
        bad_value(use, value, "an octal mode from 0000 to 0777");
    else
        *(mode_t *)use->field = (mode_t)strtoul(value, NULL, 8);
}

static void
apply_level(const struct use *use, const char *value)
{
    if (!log_parse_level(value, use->field))
        bad_value(use, value, "error, warning, notice, info or debug");
}

static void
apply_bool(const struct use *use, const char *value)
{
    if (!units_parse_bool(value, use->field))
        bad_value(use, value, "yes or no");
}

static void
set_text(const struct use *use, const char *value)
{
    char **field = use->field;
    char *copy = strdup(value);

    if (copy == NULL) {
        draft_fail_memory(use->draft);
        return;
    }
    free(*field);
    *field = copy;
}

static void
apply_path(const struct use *use, const char *value)
{
    if (value[0] != '/' || strpbrk(value, " \t") != NULL || strlen(value) > CONFIG_WORD_MAX)
        bad_value(use, value, "an absolute path without white space");
    else
        set_text(use, value);
}

static void
apply_name(const struct use *use, const char *value)
{
    if (value[0] == '\0' || strpbrk(value, " \t") != NULL || strlen(value) > CONFIG_WORD_MAX)
        bad_value(use, value, "a name");
    else
        set_text(use, value);
}

// A list is split at white space. A word that looks like a comment is refused: "# text" behind a
// value would silently become part of it.
static bool
check_word(const struct use *use, const char *word)
{
    char quote[DRAFT_QUOTE_SIZE];

    if (word[0] == '#' || word[0] == ';')
        draft_fail(use->draft, use->draft->at,
                   "%s: '%s' looks like a comment (behind a value one begins with ' ;')",
                   draft_key_name(use->key), draft_quote(word, quote));
    else if (strlen(word) > CONFIG_WORD_MAX)
        draft_fail(use->draft, use->draft->at, "%s: '%s' is longer than %d bytes",
                   draft_key_name(use->key), draft_quote(word, quote), CONFIG_WORD_MAX);
    else
        return true;
    return false;
}

static void
for_each_word(const struct use *use, const char *value,
              void (*add)(const struct use *use, const char *word))
{
    char *copy = strdup(value);
    char *rest;

    if (copy == NULL) {
        draft_fail_memory(use->draft);
        return;
    }
    for (char *word = strtok_r(copy, " \t", &rest); word != NULL && !use->draft->failed;
         word = strtok_r(NULL, " \t", &rest))
        if (check_word(use, word))
            add(use, word);
    free(copy);
}

static void
add_listen(const struct use *use, const char *word)
{
    struct config *config = use->target;
    struct address address;
    const char *problem = address_parse_listen(word, &address);
    char quote[DRAFT_QUOTE_SIZE];
    struct address *grown;

    if (problem != NULL) {
        draft_fail(use->draft, use->draft->at, "listen: '%s': %s", draft_quote(word, quote),
                   problem);
        return;
    }
    grown = reallocarray(config->listen, config->listen_count + 1, sizeof(*grown));
    if (grown == NULL) {
        draft_fail_memory(use->draft);
        return;
    }
    grown[config->listen_count++] = address;
    config->listen = grown;
}

static void
apply_listen(const struct use *use, const char *value)
{
    for_each_word(use, value, add_listen);
}

static void
add_weight(const struct use *use, const char *word)
{
    struct config *config = use->target;
    struct weight *grown;
    struct weight weight;
    const char *problem = weight_parse(word, &weight);
    char quote[DRAFT_QUOTE_SIZE];

    for (size_t i = 0; problem == NULL && i < config->weight_count; i++)
        if (config->weights[i].uid == weight.uid)
            problem = "that user has a weight already";
    if (problem != NULL) {
        draft_fail(use->draft, use->draft->at, "weight: '%s': %s", draft_quote(word, quote),
                   problem);
        return;
    }
    grown = reallocarray(config->weights, config->weight_count + 1, sizeof(*grown));
    if (grown == NULL) {
        draft_fail_memory(use->draft);
        return;
    }
    grown[config->weight_count++] = weight;
    config->weights = grown;
}

static void
apply_weight(const struct use *use, const char *value)
{
    for_each_word(use, value, add_weight);
}

static void
add_word(const struct use *use, const char *word)
{
    char ***field = use->field;
    size_t count = 0;
    char **grown;
    char *copy = strdup(word);

    while (*field != NULL && (*field)[count] != NULL)
        count++;
    grown = reallocarray(*field, count + 2, sizeof(*grown));
    if (grown != NULL) {
        grown[count] = copy;
        grown[count + 1] = NULL;
        *field = grown;
    } else {
        free(copy);
    }
    if (grown == NULL || copy == NULL)
        draft_fail_memory(use->draft);
}

static void
apply_words(const struct use *use, const char *value)
{
    for_each_word(use, value, add_word);
}

static void
clear_listen(void *target)
{
    struct config *config = target;

    free(config->listen);
    config->listen = NULL;
    config->listen_count = 0;
}

static void
clear_weight(void *target)
{
    struct config *config = target;

    free(config->weights);
    config->weights = NULL;
    config->weight_count = 0;
}

static void
clear_words(char ***words)
{
    for (char **word = *words; word != NULL && *word != NULL; word++)
        free(*word);
    free(*words);
    *words = NULL;
}

static void
clear_program(void *target)
{
    clear_words(&((struct pool_draft *)target)->config.argv);
}

static void
clear_methods(void *target)
{
    clear_words(&((struct pool_draft *)target)->config.methods);
}

static void
clear_environment(void *target)
{
    clear_words(&((struct pool_draft *)target)->config.environment);
}

static void
clear_command(void *target)
{
    clear_words(&((struct pool_draft *)target)->config.command);
}

bool
draft_key_is_list(enum config_key key)
{
    return rules[key].clear != NULL;
}

void
draft_key_clear(enum config_key key, void *target)
{
    rules[key].clear(target);
}

void
draft_key_apply(struct config_draft *draft, enum config_key key, void *target, const char *value)
{
    const struct use use = {draft, key, target, (char *)target + rules[key].offset};

    rules[key].apply(&use, value);
}
