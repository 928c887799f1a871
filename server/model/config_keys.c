// The keys of the configuration: the table that the documents are checked against, and the way from
// a key in the text to its value. What a value may be is in config_values.c.
#include "model/config_draft.h"

#include <string.h>

static const struct config_key_info infos[KEY_COUNT] = {
    [KEY_LISTEN] = {"server", "listen", "ADDRESS...",
                    "unix:$RUNTIME_DIRECTORY/offloadd.sock tcp:127.0.0.1:7707",
                    "Where to listen: unix:PATH, tcp:HOST:PORT (loopback only), systemd:NAME."},
    [KEY_SOCKET_MODE] = {"server", "socket-mode", "MODE", "0600",
                         "Permission bits of the Unix sockets, in octal."},
    [KEY_DRAIN_TIMEOUT] = {"server", "drain-timeout", "TIME", "30s",
                           "How long running jobs may take to finish when the daemon stops."},
    [KEY_WRITE_TIMEOUT] = {"server", "write-timeout", "TIME", "1min",
                           "A peer that takes none of its answers for so long is closed."},
    [KEY_LINE_TIMEOUT] = {"server", "line-timeout", "TIME", "1min",
                          "A peer that pauses in a line for so long is refused; 0 is never."},
    [KEY_SESSION_TIMEOUT] =
        {"server", "idle-timeout", "TIME", "0s",
         "A session with nothing in flight that is idle for so long is closed; 0 is never."},
    [KEY_LINE_MAX] = {"server", "line-max", "SIZE", "4M", "The longest line."},
    [KEY_DEPTH_MAX] = {"server", "depth-max", "N", "64",
                       "How deep arrays and objects of a line may be nested."},
    [KEY_BATCH_MAX] = {"server", "batch-max", "N", "1024", "The most elements of a batch."},
    [KEY_GATHER_MAX] = {"server", "gather-max", "N", "100000",
                        "The most calls of a job.gather, and items of a job.map."},
    [KEY_GATHER_DEPTH_MAX] = {"server", "gather-depth-max", "N", "8",
                              "How deep gathers and maps may stand within each other."},
    [KEY_IN_FLIGHT_MAX] = {"server", "in-flight-max", "N", "1024",
                           "The most unanswered requests of a session."},
    [KEY_SESSIONS_MAX] = {"server", "sessions-max", "N", "1024", "The most sessions."},
    [KEY_QUEUE_MAX] = {"server", "queue-max", "N", "100000",
                       "The most jobs that wait, over all pools."},
    [KEY_QUEUE_MEMORY_MAX] = {"server", "queue-memory-max", "SIZE", "256M",
                              "The most memory for the params of all jobs."},
    [KEY_OUTPUT_MAX] = {"server", "output-max", "SIZE", "8M",
                        "A session with more unsent output is not read until it has drained."},
    [KEY_LOG_LEVEL] = {"server", "log-level", "LEVEL", "info",
                       "What to log at least: error, warning, notice, info or debug."},
    [KEY_WEIGHT] = {"server", "weight", "USER:N...", "",
                    "Weights of users by name or uid, 1 to 10000; 100 is everybody else's."},
    [KEY_BUILTIN] = {"pool", "builtin", "BOOL", "no",
                     "The pool's workers are offload-worker, with the built-in methods."},
    [KEY_PROGRAM] = {"pool", "program", "PATH ARGUMENT...", "",
                     "The pool's workers are this program, started without a shell."},
    [KEY_METHODS] = {"pool", "methods", "METHOD...", "echo sum_squares",
                     "The methods that the pool serves; a program has no default."},
    [KEY_PROCESSES] = {"pool", "processes", "N|MIN..MAX|auto", "auto",
                       "How many workers; auto is one for each usable core."},
    [KEY_THREADS] = {"pool", "threads", "N", "1", "How many jobs a worker runs at once."},
    [KEY_TIMEOUT_QUEUE] = {"pool", "timeout-queue", "TIME", "0s",
                           "How long a job may wait before it starts; 0 is for ever."},
    [KEY_TIMEOUT_RUN] = {"pool", "timeout-run", "TIME", "0s",
                         "How long a job may run; 0 is for ever."},
    [KEY_TIMEOUT_SILENCE] = {"pool", "timeout-silence", "TIME", "0s",
                             "How long a job may run without progress; 0 is for ever."},
    [KEY_TIMEOUT_TOTAL] = {"pool", "timeout-total", "TIME", "0s",
                           "How long a job may take from its arrival; 0 is for ever."},
    [KEY_KILL_DELAY] = {"pool", "kill-delay", "TIME", "5s",
                        "From SIGTERM to SIGKILL for a worker whose job is stopped."},
    [KEY_PLUGIN] = {"pool", "plugin", "PATH", "",
                    "The pool's workers are offload-worker with this shared object's methods."},
    [KEY_IN_FLIGHT] = {"pool", "in-flight", "N", "1",
                       "How many requests an asynchronous program has at once."},
    [KEY_PREFETCH] =
        {"pool", "prefetch", "N", "255",
         "How many short jobs may wait in the pipe of a busy worker that gives them back."},
    [KEY_WAIT_READY] = {"pool", "wait-ready", "BOOL", "no",
                        "A worker gets its first job when it has sent worker.ready."},
    [KEY_TIMEOUT_START] = {"pool", "timeout-start", "TIME", "1min",
                           "How long worker.ready may take with wait-ready; 0 is for ever."},
    [KEY_CRASH_LIMIT] =
        {"pool", "crash-limit", "N", "3",
         "A job whose workers died so often is not run again, whatever its retries."},
    [KEY_IDLE_TIMEOUT] = {"pool", "idle-timeout", "TIME", "1min",
                          "A worker above MIN that is idle for so long ends."},
    [KEY_MAX_JOBS] = {"pool", "max-jobs", "N", "0",
                      "A worker is replaced after about so many jobs; 0 is never."},
    [KEY_MAX_AGE] = {"pool", "max-age", "TIME", "0s",
                     "A worker is replaced when it is about so old; 0 is never."},
    [KEY_MEMORY_MAX] = {"pool", "memory-max", "SIZE", "0",
                        "The most memory of a worker; it is replaced at three quarters; 0: none."},
    [KEY_CPU_WEIGHT] = {"pool", "cpu-weight", "N", "0",
                        "A worker's share of the CPU, 1 to 10000, 100 is usual; 0: as nice says."},
    [KEY_CPU_TIME_MAX] = {"pool", "cpu-time-max", "TIME", "0s",
                          "The CPU time after which a worker is killed; 0 is no limit."},
    [KEY_OPEN_FILES_MAX] = {"pool", "open-files-max", "N", "0",
                            "How many descriptors a worker may open; 0 is what the daemon found."},
    [KEY_NICE] = {"pool", "nice", "N", "0", "Added to the niceness of the workers, -20 to 19."},
    [KEY_USER] = {"pool", "user", "NAME", "", "The user that the workers run as; needs root."},
    [KEY_GROUP] = {"pool", "group", "NAME", "", "The group that the workers run as; needs root."},
    [KEY_DIRECTORY] = {"pool", "directory", "PATH", "", "The working directory of the workers."},
    [KEY_ENVIRONMENT] = {"pool", "environment", "NAME=VALUE...", "",
                         "Added to the environment of the workers; {slot} is the worker's number."},
    [KEY_COMMAND] = {"pool", "command", "PATH ARGUMENT...", "",
                     "Each job is a process of its own: this command, {NAME} from params."},
    [KEY_STDIN] = {"pool", "stdin", "NAME", "",
                   "The param of a command that goes to its standard input."},
};

const struct config_key_info *
config_keys(size_t *ret_count)
{
    *ret_count = KEY_COUNT;
    return infos;
}

// The longest key that is worth a suggestion.
#define GUESS_MAX 40

static size_t
smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

// How many letters must be inserted, removed or replaced to make one word of the other
// (Levenshtein), row by row.
static size_t
distance(const char *from, const char *to)
{
    size_t length = strlen(to);
    size_t row[GUESS_MAX + 1];

    for (size_t i = 0; i <= length; i++)
        row[i] = i;
    for (size_t at = 0; from[at] != '\0'; at++) {
        size_t diagonal = row[0];

        row[0] = at + 1;
        for (size_t i = 1; i <= length; i++) {
            size_t above = row[i];

            row[i] = smallest(above + 1, row[i - 1] + 1, diagonal + (from[at] != to[i - 1]));
            diagonal = above;
        }
    }
    return row[length];
}

static const char *
section_name(const struct config_draft *draft)
{
    return draft->section == SECTION_SERVER ? "server" : "pool";
}

// The key of the current section that the writer may have meant; NULL if none is near.
static const char *
nearest_key(const struct config_draft *draft, const char *key)
{
    size_t nearest = strlen(key) / 3 + 2;
    const char *found = NULL;

    if (strlen(key) > GUESS_MAX)
        return NULL;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        size_t changes = distance(key, infos[i].key);

        if (strcmp(infos[i].section, section_name(draft)) == 0 && changes < nearest) {
            nearest = changes;
            found = infos[i].key;
        }
    }
    return found;
}

static bool
find_in(const char *section, const char *name, size_t length, enum config_key *ret)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(infos[i].section, section) == 0 && strlen(infos[i].key) == length &&
            memcmp(infos[i].key, name, length) == 0) {
            *ret = (enum config_key)i;
            return true;
        }
    return false;
}

static bool
find_key(const struct config_draft *draft, const char *name, size_t length, enum config_key *ret)
{
    return find_in(section_name(draft), name, length, ret);
}

static void
unknown_key(struct config_draft *draft, const char *key)
{
    const char *guess = nearest_key(draft, key);
    const char *pool =
        draft->section == SECTION_POOL ? draft->pools[draft->pool].config.name : NULL;
    char quote[DRAFT_QUOTE_SIZE];

    draft_fail(draft, draft->at, "unknown key '%s' in [%s%s%s]%s%s%s", draft_quote(key, quote),
               section_name(draft), pool != NULL ? " " : "", pool != NULL ? pool : "",
               guess != NULL ? " (did you mean '" : "", guess != NULL ? guess : "",
               guess != NULL ? "'?)" : "");
}

const char *
draft_key_name(enum config_key key)
{
    return infos[key].key;
}

static void *
target_of(struct config_draft *draft)
{
    return draft->section == SECTION_SERVER ? (void *)draft->config
                                            : (void *)&draft->pools[draft->pool];
}

// A later file or argument overrides an earlier one; within one, only lists may go on.
static void
begin_value(struct config_draft *draft, enum config_key key)
{
    struct config_origin *said =
        draft->section == SECTION_SERVER ? draft->said : draft->pools[draft->pool].said;
    bool again = said[key].source == draft->at.source;

    if (again && !draft_key_is_list(key)) {
        draft_fail(draft, draft->at, "'%s' is given twice (first in line %u)", infos[key].key,
                   said[key].line);
        return;
    }
    if (!again && draft_key_is_list(key))
        draft_key_clear(key, target_of(draft));
    if (!again)
        said[key] = draft->at;
}

void
draft_say(struct config_draft *draft, const char *name, const char *value)
{
    enum config_key key;

    if (draft->section == SECTION_NONE) {
        draft_fail(draft, draft->at, "a key stands before the first section");
        return;
    }
    if (!find_key(draft, name, strlen(name), &key)) {
        unknown_key(draft, name);
        return;
    }
    begin_value(draft, key);
    if (!draft->failed)
        draft_key_apply(draft, key, target_of(draft), value);
}

bool
draft_looks_like_key(enum config_key list, const char *line)
{
    size_t length = strcspn(line, " \t=:");
    const char *next = line + length + strspn(line + length, " \t");
    enum config_key ignored;

    return (*next == '=' || *next == ':') && find_in(infos[list].section, line, length, &ignored);
}

void
draft_continue(struct config_draft *draft, const char *name, const char *value)
{
    enum config_key key;

    if (!find_key(draft, name, strlen(name), &key))
        unknown_key(draft, name);
    else if (!draft_key_is_list(key))
        draft_fail(draft, draft->at, "an indented line continues '%s', which takes one value",
                   infos[key].key);
    else if (draft_looks_like_key(key, value))
        draft_fail(draft, draft->at,
                   "an indented line continues '%s'; a key begins at the start of its line",
                   infos[key].key);
    else
        draft_key_apply(draft, key, target_of(draft), value);
}
