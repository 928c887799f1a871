// See options.h. One table for getopt_long and --help.
#include "daemon/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct described {
    struct option option;
    const char *value;
    const char *help;
} table[] = {
    {{"config", required_argument, NULL, 'c'},
     "FILE",
     "read FILE and FILE.d/*.conf (" OFFLOAD_CONFIG_PATH " if it exists)"},
    {{"listen", required_argument, NULL, 'l'},
     "ADDRESS",
     "listen here instead of the configured addresses; may be repeated"},
    {{"set", required_argument, NULL, 's'},
     "SECTION.KEY=VALUE",
     "override one key: 'pool.cpu.processes=2'; may be repeated"},
    {{"ready-file", required_argument, NULL, 'r'},
     "FILE",
     "write the addresses into FILE, one a line, once everything listens"},
    {{"check", no_argument, NULL, 'k'},
     NULL,
     "check the configuration, print it in full, and exit"},
    {{"help", no_argument, NULL, 'h'}, NULL, "print this and exit"},
    {{"version", no_argument, NULL, 'V'}, NULL, "print the version and exit"},
};
#define TABLE_SIZE (sizeof(table) / sizeof(table[0]))

void
options_help(FILE *out)
{
    fputs("Usage: offloadd [OPTION]...\n"
          "Serve jobs over TCP and Unix sockets: JSON-RPC 2.0, a line each. Stays in the "
          "foreground.\n"
          "\n",
          out);
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        char left[64];

        snprintf(left, sizeof(left), "--%s%s%s", table[i].option.name,
                 table[i].value != NULL ? " " : "", table[i].value != NULL ? table[i].value : "");
        fprintf(out, "  %-26s  %s\n", left, table[i].help);
    }
    fputs("\n"
          "ADDRESS is unix:PATH or tcp:HOST:PORT (port 0: the kernel picks). Without a "
          "configuration\n"
          "the pool `cpu` runs, one worker process per core. SIGTERM stops it when running jobs "
          "are done.\n"
          "\n"
          "Exit status: 0 after SIGTERM or SIGINT, 64 wrong usage, 71 the system refuses (an "
          "address\n"
          "in use, no memory), 78 wrong configuration. See offloadd(8) and offloadd.conf(5).\n",
          out);
}

static bool
append(const char *const **list, size_t *count, const char *text)
{
    const char **grown = realloc((void *)*list, (*count + 1) * sizeof(*grown));

    if (grown == NULL)
        return false;
    grown[(*count)++] = text;
    *list = grown;
    return true;
}

static bool
options_take(struct options *options, int option, const char *value)
{
    struct config_source *source = &options->source;

    switch (option) {
    case 'c':
        source->path = value;
        source->path_optional = false;
        return true;
    case 'l':
        return append(&source->listen, &source->listen_count, value);
    case 's':
        return append(&source->sets, &source->set_count, value);
    case 'r':
        options->ready_file = value;
        return true;
    case 'k':
        options->check = true;
        return true;
    case 'h':
        options->help = true;
        return true;
    case 'V':
        options->version = true;
        return true;
    default:
        return false; // getopt_long has complained
    }
}

bool
options_parse(struct options *options, int argc, char **argv)
{
    struct option list[TABLE_SIZE + 1] = {0};
    int option;

    *options = (struct options){.source = {.path = OFFLOAD_CONFIG_PATH, .path_optional = true}};
    for (size_t i = 0; i < TABLE_SIZE; i++)
        list[i] = table[i].option;
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1)
        if (!options_take(options, option, optarg))
            return false;
    if (optind < argc) {
        fprintf(stderr, "offloadd: unexpected argument '%s'\n", argv[optind]);
        return false;
    }
    return true;
}

void
options_done(struct options *options)
{
    free((void *)options->source.listen);
    free((void *)options->source.sets);
}
