// The configuration: what the file, its drop-ins and --set say, checked in full. Plain data; no
// loop, no network. Read with inih; one const table of keys with one function per kind of value.
//
// The file is INI: [server], then one [pool NAME] per pool. Unknown sections and keys, values that
// do not parse, and keys given twice (where they are no lists) are errors with file and line.
#ifndef OFFLOAD_MODEL_CONFIG_H
#define OFFLOAD_MODEL_CONFIG_H

#include "common/address.h"
#include "common/limits.h"
#include "common/log.h"
#include "model/timeouts.h"
#include "model/weight.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define CONFIG_POOL_NAME_MAX 63 // bytes; letters, digits, '-' and '_', a letter first

enum pool_kind {
    POOL_BUILTIN, // builtin = yes: offload-worker
    POOL_PROGRAM, // program = PATH ARGUMENT...
    POOL_COMMAND, // command = PATH ARGUMENT...: a process of its own for each job
    POOL_PLUGIN,  // plugin = PATH: offload-worker with methods from a shared object
};

struct pool_config {
    char *name;
    enum pool_kind kind;
    char **argv;        // POOL_PROGRAM: NULL-terminated, split at white space, no shell; else NULL
    char **methods;     // NULL-terminated; for POOL_BUILTIN by default echo, sum_squares
    unsigned processes; // the most workers; never 0: `auto` (the default) was replaced by the
                        // number of usable cores
    unsigned processes_min;   // so many always; the same as `processes` unless MIN..MAX was said
    int64_t idle_timeout_us;  // workers above the minimum that are idle for so long end; 1 min
    unsigned max_jobs;        // a worker is replaced after so many; 0: never
    int64_t max_age_us;       // or when it is so old; 0: never
    size_t memory_max;        // or when it has grown to three quarters of this; 0: never
    unsigned cpu_weight;      // of a worker's cgroup, 1 to 10000; 0: as `nice` says
    struct timeouts timeouts; // of each job, 0: none
    int64_t kill_delay_us;    // from SIGTERM to SIGKILL; 5 s by default
    bool wait_ready;          // a worker gets jobs when it has sent worker.ready
    int64_t start_timeout_us; // until then; 1 min by default, 0: none
    unsigned crash_limit;     // a job whose workers died so often is not run again; 3 by default
    int nice;                 // added to the daemon's own
    char *user;               // NULL: the daemon's own
    char *group;              // NULL: the user's, or the daemon's own
    char *directory;          // NULL: the daemon's own
    char **environment;       // NAME=VALUE with {slot}, NULL-terminated; or NULL
    int64_t cpu_time_max_us;  // RLIMIT_CPU; 0: none
    unsigned open_files_max;  // RLIMIT_NOFILE; 0: the daemon's own soft limit at its start
    char **command;           // POOL_COMMAND: words with {NAME}, NULL-terminated; else NULL
    char *stdin_param;        // POOL_COMMAND: the param that goes to stdin; or NULL
    char *plugin;             // POOL_PLUGIN: absolute path; else NULL
    unsigned prefetch;        // jobs that may wait in a worker's pipe; 255 by default
    unsigned in_flight;       // programs: requests that a worker has at once; 0: `threads` says it
    unsigned threads; // slots of one worker: jobs that it runs at once; 1 by default, 1024 at most
};

struct config {
    unsigned shares; // how many hold it besides its maker
    struct address *listen;
    size_t listen_count;
    bool listen_implied;      // nobody said `listen`: they are the default addresses
    mode_t socket_mode;       // permission bits of Unix sockets; 0600 by default
    int64_t drain_timeout_us; // 30 s by default
    int64_t write_timeout_us;
    int64_t line_timeout_us;    // 0: none
    int64_t session_timeout_us; // idle-timeout of sessions; 0, the default: none
    struct limits limits;
    enum log_level log_level;
    struct weight *weights; // each user once; the others have JOB_WEIGHT_DEFAULT
    size_t weight_count;
    struct pool_config *pools; // in the order of the files; never empty
    size_t pool_count;
};

// The weight of a user.
unsigned config_weight(const struct config *config, uid_t uid);

// Jobs that a worker of the pool has at once.
unsigned config_slots(const struct pool_config *pool);

// What went wrong, ready to print: "offloadd.conf:12: unknown key 'proceses' in [pool cpu]".
#define CONFIG_ERROR_MAX 512
struct config_error {
    char text[CONFIG_ERROR_MAX];
};

// Where the configuration comes from.
struct config_source {
    const char *path;        // NULL: no file (drop-ins neither)
    bool path_optional;      // the default path: it need not exist
    const char *const *sets; // --set SECTION.KEY=VALUE, in order; they override the files
    size_t set_count;
    const char *const *listen; // --listen ADDRESS; any replaces all that the files say
    size_t listen_count;
};

// Reads PATH, then PATH.d/*.conf in the order of their names, then the sets, then applies the
// defaults: the default addresses when nothing says `listen`; and when no pool is named, the
// built-in one, as if "[pool cpu] builtin = yes" stood there (then --set 'pool.cpu.processes=2'
// works too). Returns the new configuration (config_free), or NULL with *ret_error filled.
struct config *config_load(const struct config_source *source, struct config_error *ret_error);

// One holder more; returns the configuration. What is made from one of its pools borrows from it,
// and may live longer than the rest of it is in force.
const struct config *config_hold(const struct config *config);

// One holder less; the last one frees it. NULL is allowed.
void config_free(const struct config *config);

// The cores that this process may run on, which a container or taskset limits.
unsigned config_cores(void);

// True if both mean the same in every key. False too when there is no memory for comparing.
bool config_same_pool(const struct pool_config *one, const struct pool_config *other);

// Prints the configuration in full, defaults included, in a form that config_load reads back to the
// same (what --check shows). Returns 0, or -1 when writing failed.
int config_print(const struct config *config, FILE *out);

// One row per key, for --help, the manual page's test and the example file.
struct config_key_info {
    const char *section; // "server" or "pool"
    const char *key;
    const char *value;       // what it takes: "TIME", "SIZE", "N", "ADDRESS..."
    const char *standard;    // the default as text
    const char *description; // one sentence
};
const struct config_key_info *config_keys(size_t *ret_count);

#endif
