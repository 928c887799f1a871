// The command line: which command, its arguments, and the options, which may stand anywhere before
// "--". Knows the words, not what they do.
#ifndef OFFLOAD_CLIENT_OPTIONS_H
#define OFFLOAD_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct command;
struct command_table;

// Bits of command.accepts, one per option that not every command takes.
enum option_bit {
    OPTION_JSON = 1 << 0,
    OPTION_NOTIFY = 1 << 1,
    OPTION_IN_FLIGHT = 1 << 2,
    OPTION_KEEP_ORDER = 1 << 3,
    OPTION_PROGRESS = 1 << 4,
    OPTION_LIMIT = 1 << 5,
    OPTION_NULL = 1 << 6,
    OPTION_CSV = 1 << 7,
    OPTION_TSV = 1 << 8,
    OPTION_COLSEP = 1 << 9,
    OPTION_ARG_FILE = 1 << 10,
    OPTION_JOBLOG = 1 << 11,
    OPTION_RESUME = 1 << 12,
    OPTION_RESUME_FAILED = 1 << 13,
    OPTION_RETRIES = 1 << 14,
    OPTION_TIMEOUT = 1 << 15,
    OPTION_HALT = 1 << 16,
    OPTION_TAG = 1 << 17,
    OPTION_DRY_RUN = 1 << 18,
    OPTION_JSONL = 1 << 19,
    OPTION_SERVER = 1 << 20,
    OPTION_LOCAL = 1 << 21,
    OPTION_SET_KEY = 1 << 22,
    OPTION_SLOTS = 1 << 23,
    OPTION_LINE_BUFFER = 1 << 24,
    OPTION_NO_BAR = 1 << 25,
    OPTION_INTERVAL = 1 << 26,
};

// Of every command that talks to a daemon.
#define OPTIONS_DAEMON (OPTION_SERVER | OPTION_LOCAL | OPTION_SET_KEY)

#define OPTIONS_IN_FLIGHT_MAX 65536u
#define OPTIONS_RETRIES_MAX   100u
#define OPTIONS_SLOTS_MAX     1024u

struct options {
    const struct command *command; // NULL: --help or --version of the program itself
    const char **arguments;        // after the command
    int argument_count;
    const char **lists; // after the first ":::"; NULL: there is none
    size_t list_count;
    unsigned given;     // option bits
    const char *server; // --server; NULL: OFFLOAD_SERVER or the defaults decide
    bool local;
    const char **sets; // --set, in order
    size_t set_count;
    bool json;
    bool jsonl;
    bool progress;
    bool no_bar;
    bool notify;
    bool keep_order;
    bool null;
    bool csv;
    bool tsv;
    bool tag;
    bool dry_run;
    bool line_buffer;
    bool resume;
    bool resume_failed;
    const char *colsep;
    const char *arg_file;
    const char *joblog;
    const char *halt;
    unsigned in_flight; // 0: the command's own default
    unsigned limit;     // the same
    unsigned slots;     // the same
    unsigned retries;
    int64_t timeout_us;  // 0: none
    int64_t interval_us; // 0: the command's own default
    bool help;
    bool version;
};

enum option_kind {
    OPTION_FLAG,   // a bool
    OPTION_TEXT,   // a string
    OPTION_NUMBER, // unsigned, from `least` to `most`
    OPTION_TIME,   // microseconds above 0, up to a year
    OPTION_SET,    // one more of `sets`
};

// One row per option, in the order of --help.
struct option_info {
    const char *name;
    char letter;          // 0: only the long name
    const char *argument; // NULL: takes none
    unsigned bit;         // 0: every command takes it
    const char *help;
    enum option_kind kind;
    size_t offset; // of its member in struct options
    unsigned least;
    unsigned most;
};
const struct option_info *option_table(size_t *ret_count);

// Reads the command line. On success 0, with *ret to be released by options_done; on a mistake it
// says which word is wrong on stderr and returns the exit status. The strings are argv's own.
int options_parse(int argc, char **argv, const struct command_table *commands, struct options *ret);
void options_done(struct options *options);

#endif
