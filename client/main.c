// offload, the command-line client: the table of commands.
#include "client/command.h"
#include "client/command_check_worker.h"
#include "client/help.h"
#include "client/options.h"
#include "client/report.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static const char help_call[] =
    "Calls METHOD and prints the result, as JSON and byte for byte.\n"
    "PARAMS is one JSON array or object; \"-\" reads it from stdin. In KEY=VALUE, a\n"
    "VALUE that is JSON (a number, true, false, null, an array, an object, a\n"
    "string in quotes) is taken as it is; any other is a string.\n"
    "\n"
    "Examples:\n"
    "  offload call sum_squares n=1000000\n"
    "  offload call sleep '[1.5]'\n"
    "  offload call echo text='plain words' number=1e400 list='[1,2]'\n"
    "  offload call echo - < params.json";

static const char help_check_worker[] =
    "Starts PROGRAM as the daemon would, plays hard cases at it and prints a line\n"
    "for each: ok, WRONG with what to mend, or skipped. It needs no daemon. The\n"
    "exit status is 1 if anything is wrong. Its own options:\n"
    "  --method NAME [PARAMS]     the method to call, echo unless given; any answer\n"
    "                             that is well-formed counts, also an error\n"
    "  --timeout SECONDS          the longest wait for anything, 5 unless given\n"
    "\n"
    "Examples:\n"
    "  offload check-worker -- ./worker.py\n"
    "  offload check-worker --in-flight 64 --method wait '[0.1]' -- ./async.py";

static const char help_gather[] =
    "Makes all calls at once, sent as batches, and prints a result a line, in the\n"
    "order of the calls. Each argument is one call, as words or as JSON:\n"
    "{\"method\":\"sleep\",\"params\":[1]}. Without arguments each line of stdin is one\n"
    "such JSON object. For a call that failed the line is {\"error\":{...}}; the\n"
    "exit status is that of the first such call. --in-flight is 1024 unless\n"
    "given; --json prints whole responses.\n"
    "\n"
    "Examples:\n"
    "  offload gather 'sleep delay=1' 'sleep [2]' 'sum_squares {\"n\":1000}'\n"
    "  offload gather < calls.ndjson";

static const char help_map[] =
    "Calls METHOD once for each line of stdin: a JSON array or object is the\n"
    "params, any other JSON value the only element of an array. Prints a result a\n"
    "line as soon as it is there, in the order of completion unless --keep-order\n"
    "is given. --in-flight is 256 unless given. A line or call that fails is told\n"
    "on stderr with its line number; the others go on; the exit status is that of\n"
    "the first failure. --json prints {\"line\":N,\"result\":...} or\n"
    "{\"line\":N,\"error\":...}.\n"
    "\n"
    "Examples:\n"
    "  seq 1000000 1000300 | offload map sum_squares\n"
    "  tail -f jobs.ndjson | offload map --keep-order --in-flight 8 thumbnail";

static const char help_methods[] =
    "Lists the methods: name and summary on a terminal, only the names when piped,\n"
    "the whole OpenRPC document of rpc.discover with --json.\n"
    "\n"
    "Example:\n"
    "  offload methods --json | jq .methods";

static const char help_ping[] =
    "Sends COUNT pings (1 unless given), one after the other, and prints the time\n"
    "that each took; for several also the shortest, the median and the longest.\n"
    "\n"
    "Example:\n"
    "  offload ping 10";

static const char help_status[] =
    "Shows the daemon's counters and pools: a table on a terminal, JSON (the\n"
    "result of server.status) when piped or with --json.\n"
    "\n"
    "Example:\n"
    "  offload status --json | jq .jobs";

static const struct command commands[] = {
    {
        .name = "call",
        .arguments = "METHOD [PARAMS | KEY=VALUE...]",
        .summary = "call a method and print its result",
        .help = help_call,
        .accepts = OPTION_JSON | OPTION_NOTIFY | OPTION_PROGRESS,
        .least = 1,
        .most = -1,
        .run = command_call,
    },
    {
        .name = "check-worker",
        .arguments = "[--method NAME [PARAMS]] [--timeout SECONDS] -- PROGRAM [ARGUMENT...]",
        .summary = "play hard cases at a worker of yours, say what it gets wrong",
        .help = help_check_worker,
        .accepts = OPTION_IN_FLIGHT,
        .own_options = true,
        .least = 1,
        .most = -1,
        .run = command_check_worker,
    },
    {
        .name = "gather",
        .arguments = "['METHOD [PARAMS | KEY=VALUE...]'...]",
        .summary = "make several calls at once, print the results in order",
        .help = help_gather,
        .accepts = OPTION_JSON | OPTION_IN_FLIGHT,
        .most = -1,
        .run = command_gather,
    },
    {
        .name = "map",
        .arguments = "METHOD",
        .summary = "call a method for each line of stdin, print results as they come",
        .help = help_map,
        .accepts = OPTION_JSON | OPTION_IN_FLIGHT | OPTION_KEEP_ORDER,
        .least = 1,
        .most = 1,
        .run = command_map,
    },
    {
        .name = "methods",
        .arguments = "",
        .summary = "list the methods that can be called",
        .help = help_methods,
        .accepts = OPTION_JSON,
        .run = command_methods,
    },
    {
        .name = "ping",
        .arguments = "[COUNT]",
        .summary = "see whether the daemon answers, and how fast",
        .help = help_ping,
        .most = 1,
        .run = command_ping,
    },
    {
        .name = "status",
        .arguments = "",
        .summary = "show what the daemon is doing",
        .help = help_status,
        .accepts = OPTION_JSON,
        .run = command_status,
    },
};

static const struct command_table table = {commands, sizeof(commands) / sizeof(commands[0])};

// A descriptor of ours must never take the number of a standard stream that was closed. Opened the
// wrong way round, such a stream still fails when it is used.
static void
keep_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            _exit(REPORT_STATUS_IO);
}

int
main(int argc, char **argv)
{
    struct options options;
    int status;

    keep_standard_streams();
    signal(SIGPIPE, SIG_IGN); // a broken pipe is an errno value here, see below
    signal(SIGCHLD, SIG_DFL); // the private daemon is waited for
    status = options_parse(argc, argv, &table, &options);
    if (status != 0)
        return status;
    if (options.help)
        status = help_print(&table, options.command);
    else if (options.version)
        status = help_print_version();
    else
        status = options.command->run(&options);
    options_done(&options);
    if (status == REPORT_STATUS_PIPE) { // end as any filter does whose reader has gone
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    return status;
}
