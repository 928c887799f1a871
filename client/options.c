// See options.h. getopt_long does the cutting, in the mode that reports arguments in order, so that
// POSIXLY_CORRECT changes nothing and argv stays as it is.
#include "client/options.h"

#include "client/command.h"
#include "client/nearest.h"
#include "client/report.h"
#include "common/errors.h"
#include "common/units.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_FIRST 256 // what getopt_long returns for the first row; above any character
#define AT(member)  offsetof(struct options, member)
#define YEAR_US     ((int64_t)31536000 * 1000000)

// clang-format off
static const struct option_info table[] = {
    {"server", 0, "ADDRESS", OPTION_SERVER, "the daemon's address: unix:PATH or tcp:HOST:PORT",
     OPTION_TEXT, AT(server), 0, 0},
    {"local", 0, NULL, OPTION_LOCAL, "start a private daemon for this command alone",
     OPTION_FLAG, AT(local), 0, 0},
    {"set", 0, "SECTION.KEY=VALUE", OPTION_SET_KEY, "with --local: a setting of that daemon; repeatable",
     OPTION_SET, AT(sets), 0, 0},
    {"json", 0, NULL, OPTION_JSON, "print JSON with everything in it",
     OPTION_FLAG, AT(json), 0, 0},
    {"notify", 0, NULL, OPTION_NOTIFY, "send a notification: no answer is given",
     OPTION_FLAG, AT(notify), 0, 0},
    {"progress", 0, NULL, OPTION_PROGRESS, "tell the progress on stderr, a line of JSON each",
     OPTION_FLAG, AT(progress), 0, 0},
    {"no-bar", 0, NULL, OPTION_NO_BAR, "show no progress bar on a terminal",
     OPTION_FLAG, AT(no_bar), 0, 0},
    {"in-flight", 0, "N", OPTION_IN_FLIGHT, "requests at once that the worker takes",
     OPTION_NUMBER, AT(in_flight), 1, OPTIONS_IN_FLIGHT_MAX},
    {"limit", 'j', "N", OPTION_LIMIT, "jobs under way at a time, at most",
     OPTION_NUMBER, AT(limit), 1, OPTIONS_IN_FLIGHT_MAX},
    {"slots", 'P', "N", OPTION_SLOTS, "commands at a time; one per core unless given",
     OPTION_NUMBER, AT(slots), 1, OPTIONS_SLOTS_MAX},
    {"keep-order", 'k', NULL, OPTION_KEEP_ORDER, "print results in the order of the input",
     OPTION_FLAG, AT(keep_order), 0, 0},
    {"null", '0', NULL, OPTION_NULL, "records end in a NUL byte, not in a newline",
     OPTION_FLAG, AT(null), 0, 0},
    {"csv", 0, NULL, OPTION_CSV, "the input is CSV, the first row has the names",
     OPTION_FLAG, AT(csv), 0, 0},
    {"tsv", 0, NULL, OPTION_TSV, "the input is cut at tabs, the first row has the names",
     OPTION_FLAG, AT(tsv), 0, 0},
    {"colsep", 'C', "REGEX", OPTION_COLSEP, "cut records into the fields {1}, {2}, ...",
     OPTION_TEXT, AT(colsep), 0, 0},
    {"arg-file", 'a', "FILE", OPTION_ARG_FILE, "read the input from FILE",
     OPTION_TEXT, AT(arg_file), 0, 0},
    {"tag", 0, NULL, OPTION_TAG, "begin each line with the record and a tab",
     OPTION_FLAG, AT(tag), 0, 0},
    {"jsonl", 0, NULL, OPTION_JSONL, "print a JSON record of each job: time, exit, result",
     OPTION_FLAG, AT(jsonl), 0, 0},
    {"line-buffer", 0, NULL, OPTION_LINE_BUFFER, "print lines as they come, not job by job",
     OPTION_FLAG, AT(line_buffer), 0, 0},
    {"dry-run", 0, NULL, OPTION_DRY_RUN, "print what would be done, and do nothing",
     OPTION_FLAG, AT(dry_run), 0, 0},
    {"retries", 0, "N", OPTION_RETRIES, "try a job that failed up to N times again",
     OPTION_NUMBER, AT(retries), 0, OPTIONS_RETRIES_MAX},
    {"timeout", 0, "TIME", OPTION_TIMEOUT, "stop a job that runs longer: 10, 1.5s, 2min",
     OPTION_TIME, AT(timeout_us), 0, 0},
    {"interval", 0, "TIME", OPTION_INTERVAL, "ask the daemon so often: 0.5, 5s; 1s unless given",
     OPTION_TIME, AT(interval_us), 0, 0},
    {"halt", 0, "WHEN,WHY=N[%]", OPTION_HALT, "stop early: now|soon, fail|success|done",
     OPTION_TEXT, AT(halt), 0, 0},
    {"joblog", 0, "FILE", OPTION_JOBLOG, "log each job that has ended, a JSON line each",
     OPTION_TEXT, AT(joblog), 0, 0},
    {"resume", 0, NULL, OPTION_RESUME, "leave out the jobs that the log has",
     OPTION_FLAG, AT(resume), 0, 0},
    {"resume-failed", 0, NULL, OPTION_RESUME_FAILED, "leave out those that succeeded",
     OPTION_FLAG, AT(resume_failed), 0, 0},
    {"help", 'h', NULL, 0, "show this, or a command's own help",
     OPTION_FLAG, AT(help), 0, 0},
    {"version", 'V', NULL, 0, "show the version",
     OPTION_FLAG, AT(version), 0, 0},
};
// clang-format on

#define OPTION_COUNT (sizeof(table) / sizeof(table[0]))

const struct option_info *
option_table(size_t *ret_count)
{
    *ret_count = OPTION_COUNT;
    return table;
}

// Long names, and the letters: "-" hands over arguments as they come, ":" tells a missing value.
static void
known_options(struct option into[OPTION_COUNT + 1], char letters[2 * OPTION_COUNT + 3])
{
    memset(into, 0, sizeof(struct option) * (OPTION_COUNT + 1));
    *letters++ = '-';
    *letters++ = ':';
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        into[i].name = table[i].name;
        into[i].has_arg = table[i].argument != NULL ? required_argument : no_argument;
        into[i].val = VALUE_FIRST + (int)i;
        if (table[i].letter != 0)
            *letters++ = table[i].letter;
        if (table[i].letter != 0 && table[i].argument != NULL)
            *letters++ = ':';
    }
    *letters = '\0';
}

static int
usage_error(const char *what, const char *word)
{
    report_problem("%s '%s'; see 'offload --help'", what, word);
    return EXIT_STATUS_USAGE;
}

static int
take_number(const struct option_info *row, unsigned *into, const char *text)
{
    uint64_t number;

    if (!units_parse_number(text, row->least, row->most, &number)) {
        report_problem("--%s takes a whole number from %u to %u, not '%s'", row->name, row->least,
                       row->most, text);
        return EXIT_STATUS_USAGE;
    }
    *into = (unsigned)number;
    return 0;
}

static int
take_time(const struct option_info *row, int64_t *into, const char *text)
{
    int64_t us;

    if (!units_parse_time(text, &us) || us <= 0 || us > YEAR_US) {
        report_problem("--%s takes a time such as 10, 1.5s or 2min, not '%s'", row->name, text);
        return EXIT_STATUS_USAGE;
    }
    *into = us;
    return 0;
}

static int
take_set(struct options *options, const char *text)
{
    const char *dot = strchr(text, '.');
    const char *equals = strchr(text, '=');

    if (dot == NULL || equals == NULL || dot == text || dot > equals)
        return usage_error("--set takes SECTION.KEY=VALUE, not", text);
    options->sets[options->set_count++] = text;
    return 0;
}

// getopt_long has found something that is no option of ours.
static int
refuse(int found, char **argv)
{
    const char *word = argv[optind - 1];
    char letter[3] = {'-', (char)optopt, '\0'};

    if (found == ':')
        return usage_error("a value is missing after", word);
    if (optopt >= VALUE_FIRST)
        return usage_error("no value may follow the option", word);
    if (optopt != 0)
        return usage_error("unknown option", letter);
    return usage_error("unknown or ambiguous option", word);
}

// The row of what getopt_long returned; NULL: none.
static const struct option_info *
find_row(int found)
{
    if (found >= VALUE_FIRST)
        return &table[found - VALUE_FIRST];
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (table[i].letter != 0 && table[i].letter == found)
            return &table[i];
    return NULL;
}

static int
take(struct options *options, int found, char **argv)
{
    const struct option_info *row = found != ':' && found != '?' ? find_row(found) : NULL;
    void *into = row != NULL ? (char *)options + row->offset : NULL;

    if (found == 1) { // an argument; the first one is the command
        options->arguments[options->argument_count++] = optarg;
        return 0;
    }
    if (row == NULL)
        return refuse(found, argv);
    options->given |= row->bit;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)into = true;
        return 0;
    case OPTION_TEXT:
        *(const char **)into = optarg;
        return 0;
    case OPTION_NUMBER:
        return take_number(row, into, optarg);
    case OPTION_TIME:
        return take_time(row, into, optarg);
    default:
        return take_set(options, optarg);
    }
}

static const struct command *
find(const struct command_table *commands, const char *name)
{
    for (size_t i = 0; i < commands->count; i++)
        if (strcmp(commands->items[i].name, name) == 0)
            return &commands->items[i];
    return NULL;
}

// The word just read is the name of a command that reads the words after it itself, or the first
// one of a command line of the user's.
static bool
leave_rest(const struct command_table *commands, const struct options *options, const char *next)
{
    const struct command *command = find(commands, options->arguments[0]);

    if (command == NULL)
        return false;
    if (command->own_command && options->argument_count == 2)
        return true;
    return options->argument_count == 1 && command->own_options &&
           (next == NULL || (strcmp(next, "--help") != 0 && strcmp(next, "-h") != 0));
}

// The word just read is ":::": what follows are arguments of jobs, whatever they look like.
static bool
begin_lists(const struct command_table *commands, struct options *options)
{
    const struct command *command = find(commands, options->arguments[0]);

    if (command == NULL || !command->lists || options->argument_count < 2 ||
        strcmp(options->arguments[options->argument_count - 1], ":::") != 0)
        return false;
    options->argument_count--;
    options->lists = &options->arguments[options->argument_count];
    return true;
}

static int
read_words(int argc, char **argv, const struct command_table *commands, struct options *options)
{
    char letters[2 * OPTION_COUNT + 3];
    struct option names[OPTION_COUNT + 1];
    int found;
    int status;

    known_options(names, letters);
    opterr = 0;
    optind = 0; // a full restart, see getopt_long(3)
    while ((found = getopt_long(argc, argv, letters, names, NULL)) != -1) {
        status = take(options, found, argv);
        if (status != 0)
            return status;
        if (found == 1 &&
            (begin_lists(commands, options) || leave_rest(commands, options, argv[optind])))
            break;
    }
    while (optind < argc && options->lists == NULL) { // after "--", or a command's own
        options->arguments[options->argument_count++] = argv[optind++];
        begin_lists(commands, options);
    }
    while (optind < argc)
        options->lists[options->list_count++] = argv[optind++];
    return 0;
}

static int
refuse_command(const struct command_table *commands, const char *word)
{
    const char *nearest = nearest_command(commands, word);

    if (nearest == NULL)
        return usage_error("unknown command", word);
    report_problem("unknown command '%s'; did you mean '%s'?", word, nearest);
    return EXIT_STATUS_USAGE;
}

// The first argument is the command; the others stay.
static int
find_command(const struct command_table *commands, struct options *options)
{
    if (options->argument_count == 0) {
        if (options->help || options->version)
            return 0;
        report_problem("which command? see 'offload --help'");
        return EXIT_STATUS_USAGE;
    }
    options->command = find(commands, options->arguments[0]);
    if (options->command == NULL)
        return refuse_command(commands, options->arguments[0]);
    options->argument_count--;
    memmove(options->arguments, options->arguments + 1,
            sizeof(char *) * (size_t)options->argument_count);
    return 0;
}

static int
check_arguments(const struct options *options)
{
    const struct command *command = options->command;

    if (options->argument_count < command->least) {
        report_problem("too few arguments: offload %s %s", command->name, command->arguments);
        return EXIT_STATUS_USAGE;
    }
    if (command->most >= 0 && options->argument_count > command->most) {
        report_problem("unexpected argument '%s': offload %s %s", options->arguments[command->most],
                       command->name, command->arguments);
        return EXIT_STATUS_USAGE;
    }
    return 0;
}

static int
check_bits(const struct options *options)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if ((table[i].bit & options->given & ~options->command->accepts) != 0) {
            report_problem("--%s is no option of '%s'", table[i].name, options->command->name);
            return EXIT_STATUS_USAGE;
        }
    }
    return 0;
}

static int
check_together(const struct options *options)
{
    const char *mistake = NULL;

    if (options->local && options->server != NULL)
        mistake = "--server and --local exclude each other";
    else if (options->set_count > 0 && !options->local && !options->command->own_daemon)
        mistake = "--set is for the private daemon of --local";
    else if (options->notify && options->local)
        mistake = "--notify needs a daemon that stays: it cannot go with --local";
    else if (options->csv + options->tsv + options->null + (options->colsep != NULL) > 1)
        mistake = "--csv, --tsv, --null and --colsep exclude each other";
    else if (options->lists != NULL && (options->csv || options->tsv || options->null ||
                                        options->colsep != NULL || options->arg_file != NULL))
        mistake = "the arguments after ::: are the input: nothing else can be";
    else if ((options->resume || options->resume_failed) && options->joblog == NULL)
        mistake = "--resume and --resume-failed need --joblog FILE";
    else if (options->line_buffer && options->keep_order)
        mistake = "--line-buffer prints as it comes: it cannot keep the order";
    else if (options->dry_run && (options->joblog != NULL || options->jsonl))
        mistake = "--dry-run runs nothing that --joblog or --jsonl could tell of";
    else if (options->notify && options->progress)
        mistake = "--progress has nothing to show with --notify";
    else if (options->notify && options->json)
        mistake = "--json has nothing to print with --notify";
    if (mistake == NULL)
        return 0;
    report_problem("%s", mistake);
    return EXIT_STATUS_USAGE;
}

static int
check(const struct options *options)
{
    int status = 0;

    if (options->help || options->version)
        return 0;
    status = check_bits(options);
    if (status == 0)
        status = check_arguments(options);
    if (status == 0)
        status = check_together(options);
    return status;
}

int
options_parse(int argc, char **argv, const struct command_table *commands, struct options *ret)
{
    struct options options = {0};
    size_t room = (size_t)argc + 1;
    int status;

    options.arguments = calloc(room, sizeof(char *));
    options.sets = calloc(room, sizeof(char *));
    if (options.arguments == NULL || options.sets == NULL) {
        status = report_no_memory();
        goto out;
    }
    status = read_words(argc, argv, commands, &options);
    if (status == 0)
        status = find_command(commands, &options);
    if (status == 0 && options.command != NULL)
        status = check(&options);
out:
    if (status == 0)
        *ret = options;
    else
        options_done(&options);
    return status;
}

void
options_done(struct options *options)
{
    free(options->arguments);
    free(options->sets);
    options->arguments = NULL;
    options->sets = NULL;
}
