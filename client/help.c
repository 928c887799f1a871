// See help.h.
#include "client/help.h"

#include "client/command.h"
#include "client/options.h"
#include "client/output.h"
#include "client/report.h"
#include "common/errors.h"

#include <stdio.h>
#include <stdlib.h>

static void
put_option(FILE *out, const struct option_info *option)
{
    char name[48];

    snprintf(name, sizeof(name), "%s%c%s--%s%s%s", option->letter != 0 ? "-" : "",
             option->letter != 0 ? option->letter : ' ', option->letter != 0 ? ", " : "   ",
             option->name, option->argument != NULL ? " " : "",
             option->argument != NULL ? option->argument : "");
    fprintf(out, "  %-28s %s\n", name, option->help);
}

// The options of one command, or those that every command takes if it is NULL.
static void
put_options(FILE *out, const struct command *command)
{
    size_t count;
    const struct option_info *options = option_table(&count);

    fputs("\nOptions (before or after the command; \"--\" ends them):\n", out);
    for (size_t i = 0; i < count; i++)
        if (command == NULL || options[i].bit == 0 || (options[i].bit & command->accepts) != 0)
            put_option(out, &options[i]);
}

static void
put_exit_statuses(FILE *out)
{
    size_t count;
    const struct error_info *errors = error_table(&count);

    fputs("\nExit status: 0 success, 1 an error that a worker made itself, 64 wrong usage,\n"
          "69 no daemon answers or the connection broke, 71 out of memory, 74 stdin or\n"
          "stdout failed, 76 the daemon broke the protocol, 78 --set was refused, and for\n"
          "the errors of the daemon:\n",
          out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "  %3d  %s (%d)\n", errors[i].exit_status, errors[i].text, errors[i].code);
}

static void
put_program(FILE *out, const struct command_table *commands)
{
    fputs("Usage: offload [OPTION...] COMMAND [ARGUMENT...]\n"
          "Hands jobs to offloadd and prints their results.\n"
          "\nCommands:\n",
          out);
    for (size_t i = 0; i < commands->count; i++)
        fprintf(out, "  %-12s %s\n", commands->items[i].name, commands->items[i].summary);
    put_options(out, NULL);
    fputs("\nWithout --server and --local, OFFLOAD_SERVER in the environment says where the\n"
          "daemon is; else the first of these that answers:\n"
          "  unix:$XDG_RUNTIME_DIR/offloadd.sock\n"
          "  unix:/run/offloadd/offloadd.sock\n"
          "  tcp:127.0.0.1:7707\n",
          out);
    put_exit_statuses(out);
    fputs("\nExamples:\n"
          "  offload --local call sum_squares n=1000000\n"
          "  offload gather 'sleep delay=1' 'sleep delay=2' 'sleep delay=3'\n"
          "  seq 100000 100100 | offload map sum_squares\n"
          "\n'offload COMMAND --help' says more; offload(1) says everything.",
          out);
}

static void
put_command(FILE *out, const struct command *command)
{
    fprintf(out, "Usage: offload [OPTION...] %s%s%s\n%s\n", command->name,
            command->arguments[0] != '\0' ? " " : "", command->arguments, command->help);
    put_options(out, command);
    fputs("\nExit status: see 'offload --help'.", out);
}

int
help_print(const struct command_table *commands, const struct command *command)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    int status;

    if (out == NULL)
        return report_no_memory();
    if (command != NULL)
        put_command(out, command);
    else
        put_program(out, commands);
    status = fclose(out) == 0 ? report_stdout(output_line((struct span){text, length}))
                              : report_no_memory();
    free(text);
    return status;
}

int
help_print_version(void)
{
    return report_stdout(output_line(SPAN("offload " OFFLOAD_VERSION)));
}
