// A configuration while it is being read: its sources, its sections, and the error that counts.
#include "model/config_draft.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *
draft_quote(const char *text, char into[DRAFT_QUOTE_SIZE])
{
    return log_escape(span_of(text), into, DRAFT_QUOTE_SIZE);
}

static bool
is_earlier(struct config_origin a, struct config_origin b)
{
    return a.source != b.source ? a.source < b.source : a.line < b.line;
}

// "FILE:LINE", or what was said on the command line. Of a long path the end tells more.
static void
format_origin(const struct config_draft *draft, struct config_origin at, char *into, size_t size)
{
    const size_t shown = size / 2;
    const char *name = at.source < draft->source_count ? draft->sources[at.source] : "offloadd";
    size_t length = strlen(name);
    bool cut = at.line > 0 && length > shown;

    log_escape(span_of(cut ? name + length - shown : name), into, size - 16);
    if (at.line > 0)
        snprintf(into + strlen(into), 16, ":%u", at.line);
}

void
draft_fail(struct config_draft *draft, struct config_origin at, const char *format, ...)
{
    char place[200];
    char what[300];
    va_list list;

    if (draft->failed && !is_earlier(at, draft->error_at))
        return;
    format_origin(draft, at, place, sizeof(place));
    va_start(list, format);
    vsnprintf(what, sizeof(what), format, list);
    va_end(list);
    snprintf(draft->error->text, sizeof(draft->error->text), "%s: %s", place, what);
    draft->error_at = at;
    draft->failed = true;
}

void
draft_fail_memory(struct config_draft *draft)
{
    draft_fail(draft, draft->at, "out of memory");
}

void
draft_source(struct config_draft *draft, const char *name)
{
    char **grown = reallocarray(draft->sources, draft->source_count + 1, sizeof(*grown));
    char *copy = strdup(name);

    if (grown != NULL)
        draft->sources = grown;
    if (grown == NULL || copy == NULL) {
        free(copy);
        draft_fail_memory(draft);
        return;
    }
    draft->at = (struct config_origin){.source = draft->source_count};
    draft->sources[draft->source_count++] = copy;
    draft->section = SECTION_NONE;
}

void
draft_enter_server(struct config_draft *draft)
{
    draft->section = SECTION_SERVER;
}

// A letter, then letters, digits, '-' and '_'. The first words of reserved methods are taken, since
// "server.ping" must not be method "ping" of a pool.
static const char *
pool_name_problem(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    static const char *const taken[] = {"rpc", "job", "pool", "server", "worker"};

    if (name[0] == '\0')
        return "is missing";
    if (strchr(letters, name[0]) == NULL || name[strspn(name, others)] != '\0')
        return "is not a letter with letters, digits, '-' and '_' after it";
    if (strlen(name) > CONFIG_POOL_NAME_MAX)
        return "is too long: 63 bytes at most";
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        if (strcmp(name, taken[i]) == 0)
            return "is a name that the daemon keeps for itself";
    return NULL;
}

static void
add_pool(struct config_draft *draft, char *name)
{
    struct pool_draft *grown = reallocarray(draft->pools, draft->pool_count + 1, sizeof(*grown));

    if (grown == NULL) {
        free(name);
        draft_fail_memory(draft);
        return;
    }
    draft->pools = grown;
    grown[draft->pool_count++] = (struct pool_draft){.config = {.name = name,
                                                                .threads = 1,
                                                                .kill_delay_us = 5000000,
                                                                .start_timeout_us = 60000000,
                                                                .crash_limit = 3,
                                                                .prefetch = 255,
                                                                .idle_timeout_us = 60000000},
                                                     .named = draft->at};
}

void
draft_enter_pool(struct config_draft *draft, const char *name, size_t length)
{
    char *copy = strndup(name, length);
    const char *problem = copy != NULL ? pool_name_problem(copy) : NULL;
    char quote[DRAFT_QUOTE_SIZE];

    if (copy == NULL) {
        draft_fail_memory(draft);
        return;
    }
    if (problem != NULL) {
        draft_fail(draft, draft->at, "the pool's name '%s' %s", draft_quote(copy, quote), problem);
        free(copy);
        return;
    }
    draft->section = SECTION_POOL;
    for (size_t i = 0; i < draft->pool_count; i++)
        if (strcmp(draft->pools[i].config.name, copy) == 0) {
            draft->pool = i;
            free(copy);
            return;
        }
    draft->pool = draft->pool_count;
    add_pool(draft, copy);
}
