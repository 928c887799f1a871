// See options.h. getopt_long does the cutting, in the mode that reports arguments in order, so that
// POSIXLY_CORRECT changes nothing and argv stays as it is.
#include "client/options.h"

#include "client/command.h"
#include "client/report.h"
#include "common/errors.h"
#include "common/units.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum option_value { // what getopt_long returns; above any character
    VALUE_SERVER = 256,
    VALUE_LOCAL,
    VALUE_SET,
    VALUE_JSON,
    VALUE_NOTIFY,
    VALUE_PROGRESS,
    VALUE_IN_FLIGHT,
    VALUE_KEEP_ORDER,
    VALUE_HELP,
    VALUE_VERSION,
    VALUE_FIRST = VALUE_SERVER,
};

// The order is that of enum option_value.
static const struct option_info table[] = {
    {"server", 0, "ADDRESS", 0, "the daemon's address: unix:PATH or tcp:HOST:PORT"},
    {"local", 0, NULL, 0, "start a private daemon for this command alone"},
    {"set", 0, "SECTION.KEY=VALUE", 0, "with --local: a setting of that daemon; repeatable"},
    {"json", 0, NULL, OPTION_JSON, "print JSON with everything in it"},
    {"notify", 0, NULL, OPTION_NOTIFY, "send a notification: no answer is given"},
    {"progress", 0, NULL, OPTION_PROGRESS, "show the job's progress on stderr, a line each"},
    {"in-flight", 0, "N", OPTION_IN_FLIGHT, "unanswered calls at a time, at most"},
    {"keep-order", 0, NULL, OPTION_KEEP_ORDER, "print results in the order of the input"},
    {"help", 'h', NULL, 0, "show this, or a command's own help"},
    {"version", 'V', NULL, 0, "show the version"},
};

#define OPTION_COUNT (sizeof(table) / sizeof(table[0]))

const struct option_info *
option_table(size_t *ret_count)
{
    *ret_count = OPTION_COUNT;
    return table;
}

static void
long_options(struct option into[OPTION_COUNT + 1])
{
    memset(into, 0, sizeof(struct option) * (OPTION_COUNT + 1));
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        into[i].name = table[i].name;
        into[i].has_arg = table[i].argument != NULL ? required_argument : no_argument;
        into[i].val = VALUE_FIRST + (int)i;
    }
}

static int
usage_error(const char *what, const char *word)
{
    report_problem("%s '%s'; see 'offload --help'", what, word);
    return EXIT_STATUS_USAGE;
}

static int
take_in_flight(struct options *options, const char *text)
{
    uint64_t number;

    if (!units_parse_number(text, 1, OPTIONS_IN_FLIGHT_MAX, &number)) {
        report_problem("--in-flight takes a whole number from 1 to %u, not '%s'",
                       OPTIONS_IN_FLIGHT_MAX, text);
        return EXIT_STATUS_USAGE;
    }
    options->in_flight = (unsigned)number;
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

static int
take(struct options *options, int found, char **argv)
{
    switch (found) {
    case 1: // an argument; the first one is the command
        options->arguments[options->argument_count++] = optarg;
        return 0;
    case VALUE_SERVER:
        options->server = optarg;
        return 0;
    case VALUE_LOCAL:
        options->local = true;
        return 0;
    case VALUE_SET:
        return take_set(options, optarg);
    case VALUE_JSON:
        options->json = true;
        return 0;
    case VALUE_NOTIFY:
        options->notify = true;
        return 0;
    case VALUE_PROGRESS:
        options->progress = true;
        return 0;
    case VALUE_IN_FLIGHT:
        return take_in_flight(options, optarg);
    case VALUE_KEEP_ORDER:
        options->keep_order = true;
        return 0;
    case 'h':
    case VALUE_HELP:
        options->help = true;
        return 0;
    case 'V':
    case VALUE_VERSION:
        options->version = true;
        return 0;
    default:
        return refuse(found, argv);
    }
}

// The word just read is the name of a command that reads the words after it itself.
static bool
leave_rest(const struct command_table *commands, const struct options *options, const char *next)
{
    if (options->argument_count != 1 ||
        (next != NULL && (strcmp(next, "--help") == 0 || strcmp(next, "-h") == 0)))
        return false;
    for (size_t i = 0; i < commands->count; i++)
        if (strcmp(commands->items[i].name, options->arguments[0]) == 0)
            return commands->items[i].own_options;
    return false;
}

static int
read_words(int argc, char **argv, const struct command_table *commands, struct options *options)
{
    struct option names[OPTION_COUNT + 1];
    int found;
    int status;

    long_options(names);
    opterr = 0;
    optind = 0; // a full restart, see getopt_long(3)
    while ((found = getopt_long(argc, argv, "-:hV", names, NULL)) != -1) {
        status = take(options, found, argv);
        if (status != 0)
            return status;
        if (found == 1 && leave_rest(commands, options, argv[optind]))
            break;
    }
    while (optind < argc) // after "--", or a command's own
        options->arguments[options->argument_count++] = argv[optind++];
    return 0;
}

static size_t
smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

// Levenshtein's distance, for words that are short; anything longer is far from every command.
#define NEAREST_WORD_MAX 24
static size_t
distance(const char *a, const char *b)
{
    size_t row[NEAREST_WORD_MAX + 1];
    size_t length = strlen(b);

    if (length > NEAREST_WORD_MAX || strlen(a) > NEAREST_WORD_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t above = row[j];

            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[length];
}

static int
refuse_command(const struct command_table *commands, const char *word)
{
    const char *nearest = NULL;
    size_t best = 3; // further away is no likely slip of the fingers

    for (size_t i = 0; i < commands->count; i++) {
        size_t steps = distance(word, commands->items[i].name);

        if (steps < best && steps < strlen(commands->items[i].name)) {
            best = steps;
            nearest = commands->items[i].name;
        }
    }
    if (nearest == NULL)
        return usage_error("unknown command", word);
    report_problem("unknown command '%s'; did you mean '%s'?", word, nearest);
    return EXIT_STATUS_USAGE;
}

// The first argument is the command; the others stay.
static int
find_command(const struct command_table *commands, struct options *options)
{
    const char *word;

    if (options->argument_count == 0) {
        if (options->help || options->version)
            return 0;
        report_problem("which command? see 'offload --help'");
        return EXIT_STATUS_USAGE;
    }
    word = options->arguments[0];
    for (size_t i = 0; i < commands->count; i++) {
        if (strcmp(commands->items[i].name, word) == 0) {
            options->command = &commands->items[i];
            options->argument_count--;
            memmove(options->arguments, options->arguments + 1,
                    sizeof(char *) * (size_t)options->argument_count);
            return 0;
        }
    }
    return refuse_command(commands, word);
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
    unsigned given = (options->json ? OPTION_JSON : 0) | (options->notify ? OPTION_NOTIFY : 0) |
                     (options->progress ? OPTION_PROGRESS : 0) |
                     (options->in_flight != 0 ? OPTION_IN_FLIGHT : 0) |
                     (options->keep_order ? OPTION_KEEP_ORDER : 0);

    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if ((table[i].bit & given & ~options->command->accepts) != 0) {
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
    else if (options->set_count > 0 && !options->local)
        mistake = "--set is for the private daemon of --local";
    else if (options->notify && options->local)
        mistake = "--notify needs a daemon that stays: it cannot go with --local";
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
