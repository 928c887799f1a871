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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define CONFIG_POOL_NAME_MAX 63 // bytes; letters, digits, '-' and '_', a letter first

enum pool_kind {
    POOL_BUILTIN, // builtin = yes: offload-worker
    POOL_PROGRAM, // program = PATH ARGUMENT...
};

struct pool_config {
    char *name;
    enum pool_kind kind;
    char **argv;        // POOL_PROGRAM: NULL-terminated, split at white space, no shell; else NULL
    char **methods;     // NULL-terminated; for POOL_BUILTIN by default echo, sum_squares
    unsigned processes; // never 0: `auto` (the default) was replaced by the number of usable cores
    unsigned threads; // slots of one worker: jobs that it runs at once; 1 by default, 1024 at most
};

struct config {
    struct address *listen;
    size_t listen_count;
    bool listen_implied;      // nobody said `listen`: they are the default addresses
    mode_t socket_mode;       // permission bits of Unix sockets; 0600 by default
    int64_t drain_timeout_us; // 30 s by default
    int64_t write_timeout_us;
    struct limits limits;
    enum log_level log_level;
    struct pool_config *pools; // in the order of the files; never empty
    size_t pool_count;
};

// What went wrong, ready to print: "offloadd.conf:12: unknown key 'proceses' in [pool cpu]".
struct config_error {
    char text[512];
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
void config_free(struct config *config);

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
