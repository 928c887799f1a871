// A configuration while it is being read: what was said so far, and where. Private to the config
// modules. Reading (config_file.c), the keys (config_keys.c) and the final checks (config_check.c)
// all work on it; the first error in the order of the sources wins.
#ifndef OFFLOAD_MODEL_CONFIG_DRAFT_H
#define OFFLOAD_MODEL_CONFIG_DRAFT_H

#include "model/config.h"

// The rows of the table in config_keys.c.
enum config_key {
    KEY_LISTEN,
    KEY_SOCKET_MODE,
    KEY_DRAIN_TIMEOUT,
    KEY_WRITE_TIMEOUT,
    KEY_LINE_TIMEOUT,
    KEY_SESSION_TIMEOUT,
    KEY_LINE_MAX,
    KEY_DEPTH_MAX,
    KEY_BATCH_MAX,
    KEY_GATHER_MAX,
    KEY_GATHER_DEPTH_MAX,
    KEY_IN_FLIGHT_MAX,
    KEY_SESSIONS_MAX,
    KEY_QUEUE_MAX,
    KEY_QUEUE_MEMORY_MAX,
    KEY_OUTPUT_MAX,
    KEY_LOG_LEVEL,
    KEY_WEIGHT,
    KEY_BUILTIN,
    KEY_PROGRAM,
    KEY_METHODS,
    KEY_PROCESSES,
    KEY_THREADS,
    KEY_TIMEOUT_QUEUE,
    KEY_TIMEOUT_RUN,
    KEY_TIMEOUT_SILENCE,
    KEY_TIMEOUT_TOTAL,
    KEY_KILL_DELAY,
    KEY_PLUGIN,
    KEY_IN_FLIGHT,
    KEY_PREFETCH,
    KEY_WAIT_READY,
    KEY_TIMEOUT_START,
    KEY_CRASH_LIMIT,
    KEY_IDLE_TIMEOUT,
    KEY_MAX_JOBS,
    KEY_MAX_AGE,
    KEY_MEMORY_MAX,
    KEY_CPU_WEIGHT,
    KEY_CPU_TIME_MAX,
    KEY_OPEN_FILES_MAX,
    KEY_NICE,
    KEY_USER,
    KEY_GROUP,
    KEY_DIRECTORY,
    KEY_ENVIRONMENT,
    KEY_COMMAND,
    KEY_STDIN,
    KEY_COUNT,
};

// The longest word of a list that config_print can still write on one line of a file.
#define CONFIG_WORD_MAX 190

// Where something was said. Source 0 is the daemon itself (a default).
struct config_origin {
    unsigned source; // index into config_draft.sources
    unsigned line;   // 0: the command line
};

struct pool_draft {
    struct pool_config config;
    bool builtin;
    struct config_origin named; // its first mention
    struct config_origin said[KEY_COUNT];
};

enum config_section {
    SECTION_NONE, // before the first section of a file
    SECTION_SERVER,
    SECTION_POOL,
};

struct config_draft {
    struct config *config; // its pools stay empty until the end
    struct config_origin said[KEY_COUNT];
    struct pool_draft *pools;
    size_t pool_count;
    char **sources; // names for messages
    unsigned source_count;

    struct config_origin at; // what is being read
    enum config_section section;
    size_t pool; // SECTION_POOL: index into pools

    struct config_error *error;
    struct config_origin error_at;
    bool failed;
};

// config_draft.c -------------------------------------------------------------------------------

// Records an error, unless one of an earlier place is recorded already.
void draft_fail(struct config_draft *draft, struct config_origin at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void draft_fail_memory(struct config_draft *draft);

// Foreign text for a message, made safe and short.
#define DRAFT_QUOTE_SIZE 100
const char *draft_quote(const char *text, char into[DRAFT_QUOTE_SIZE]);

// Begins a file or an argument: what is said from now on overrides what was said before.
void draft_source(struct config_draft *draft, const char *name);

// Makes [server] or [pool NAME] the current section; a new name makes a new pool.
void draft_enter_server(struct config_draft *draft);
void draft_enter_pool(struct config_draft *draft, const char *name, size_t length);

// config_keys.c --------------------------------------------------------------------------------

// "KEY = VALUE" in the current section.
void draft_say(struct config_draft *draft, const char *key, const char *value);

// A further line of the value of `key`.
void draft_continue(struct config_draft *draft, const char *key, const char *value);

const char *draft_key_name(enum config_key key);

// An indented "processes = 2" under a list is no part of the list, whatever INI says.
bool draft_looks_like_key(enum config_key list, const char *line);

// config_values.c ------------------------------------------------------------------------------

// The target of a [server] key is the struct config, that of a [pool] key the struct pool_draft.
bool draft_key_is_list(enum config_key key);
void draft_key_clear(enum config_key key, void *target); // a list
void
draft_key_apply(struct config_draft *draft, enum config_key key, void *target, const char *value);

// config_file.c --------------------------------------------------------------------------------

// Reads PATH and PATH.d/*.conf.
void draft_read_files(struct config_draft *draft, const char *path, bool optional);

// config_check.c -------------------------------------------------------------------------------

// What can only be judged once everything was read; settles kinds and default methods.
void draft_check(struct config_draft *draft, bool listen_from_user);

#endif
