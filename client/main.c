// offload, the command-line client: the table of commands.
#include "client/command.h"
#include "client/command_check_worker.h"
#include "client/help.h"
#include "client/options.h"
#include "client/report.h"
#include "client/run_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static const char help_bench[] =
    "Measures for SECONDS (5 unless given) what a job costs beyond its own work: the\n"
    "round trip of one at a time, the rate of many at once, and from which job\n"
    "length on the workers are faster than doing the same work here, in this one\n"
    "process. Every answer is checked. The daemon must serve echo and sum_squares,\n"
    "as it does without a configuration. --json prints the figures as JSON.\n"
    "\n"
    "Examples:\n"
    "  offload --local bench\n"
    "  offload --local --set pool.cpu.processes=4 bench 20";

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
    "exit status is 1 if anything is wrong, and 66 if the worker does not know the\n"
    "method, so that most could not be tried. Its own options:\n"
    "  --method NAME [PARAMS]     the method to call, echo unless given; any answer\n"
    "                             that is well-formed counts, also other errors\n"
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
    "exit status is that of the first such call. --limit is 1024 unless\n"
    "given; --json prints whole responses.\n"
    "\n"
    "Examples:\n"
    "  offload gather 'sleep delay=1' 'sleep [2]' 'sum_squares {\"n\":1000}'\n"
    "  offload gather < calls.ndjson";

static const char help_map[] =
    "Makes a job of each record and prints its result, as soon as it is there.\n"
    "A record is a line of stdin, or of --arg-file; with -0 it ends in a NUL, with\n"
    "--csv and --tsv it is a row under a first row of names; or it is one of the\n"
    "ARGUMENTS after \":::\", and with several lists each combination of them.\n"
    "\n"
    "Without a TEMPLATE a record is JSON: an array or object is the params, any\n"
    "other value the only element of an array; a row is an object of its names.\n"
    "A TEMPLATE is KEY=VALUE words, or other words for params by position, or one\n"
    "JSON text, with places in it:\n"
    "  {} the record     {1} its first field, see --colsep     {NAME} a column\n"
    "  {.} without extension   {/} without folder   {//} the folder   {/.} bare\n"
    "  {1.} {1/} and so on: the same of a field   {#} the number of the job\n"
    "A VALUE that is JSON when it is filled in is JSON; KEY='\"{}\"' is always a\n"
    "string.\n"
    "\n"
    "What fails is told on stderr, and the others go on; the exit status is that\n"
    "of the first failure. --limit is 256 unless given. ^C cancels what runs and\n"
    "says what was done; a second ^C leaves at once.\n"
    "\n"
    "Examples:\n"
    "  seq 1000000 1000300 | offload map sum_squares\n"
    "  ls *.jpg | offload map --keep-order thumbnail input={} size=200x200\n"
    "  offload map --joblog log --resume-failed --retries 2 price --csv < items.csv\n"
    "  offload map --tag sleep delay={1} ::: 0.1 0.2 0.3";

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

static const char help_run[] =
    "Runs COMMAND once for each record, some at a time, as xargs -P and GNU parallel\n"
    "do. Records and the places {} {1} {.} {/} {#} are those of 'offload map'; if\n"
    "there is no place, {} is added. There is no shell: for pipes and such say\n"
    "sh -c '... \"$1\" ...' sh {}. Nothing needs to be set up: it starts a private\n"
    "daemon, whose settings --set can change.\n"
    "\n"
    "The output of each job is printed when it has ended, stdout and stderr each in\n"
    "one piece, or line by line with --line-buffer. Its stdin is empty.\n"
    "\n"
    "Exit status: 0 if all is well, else how many jobs failed, 101 for more than\n"
    "100; with --halt that of the job which failed; 64 wrong usage; 255 if it could\n"
    "not go on itself.\n"
    "\n"
    "Examples:\n"
    "  ls *.wav | offload run flac --best -o {.}.flac {}\n"
    "  find . -name '*.log' -print0 | offload run -0 -P8 -- gzip -9\n"
    "  offload run --tag --line-buffer ping -c3 {} ::: host1 host2\n"
    "  offload run --joblog log --resume-failed --retries 2 ./test.sh < cases";

static const char help_status[] =
    "Shows the daemon's counters, how fast jobs are answered, its pools and workers:\n"
    "tables on a terminal, JSON (the result of server.status) when piped or with\n"
    "--json.\n"
    "\n"
    "Example:\n"
    "  offload status --json | jq .jobs";

static const char help_top[] =
    "Shows what 'offload status' does on the whole terminal, again and again, with\n"
    "rates and what each worker uses. The rows of workers and pools are selected by\n"
    "the arrow keys; then\n"
    "  s S r  sort by the next column, by the one before, the other way round\n"
    "  p      pause a pool, or let it go on: its jobs wait meanwhile\n"
    "  k      kill a worker, after a question; its jobs end, and it is replaced\n"
    "  Tab    the other list           Space  ask now\n"
    "  ?      all keys                 q      quit\n"
    "Pausing and killing is for root and the daemon's own user, on a Unix socket.\n"
    "While the daemon is away it is tried again and again.\n"
    "\n"
    "Examples:\n"
    "  offload top\n"
    "  offload --server unix:/run/offloadd/offloadd.sock top --interval 5s";

static const struct command commands[] = {
    {
        .name = "bench",
        .arguments = "[SECONDS]",
        .summary = "measure what offloading costs, and when it pays",
        .help = help_bench,
        .accepts = OPTIONS_DAEMON | OPTION_JSON,
        .most = 1,
        .run = command_bench,
    },
    {
        .name = "call",
        .arguments = "METHOD [PARAMS | KEY=VALUE...]",
        .summary = "call a method and print its result",
        .help = help_call,
        .accepts = OPTIONS_DAEMON | OPTION_JSON | OPTION_NOTIFY | OPTION_PROGRESS,
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
        .accepts = OPTIONS_DAEMON | OPTION_JSON | OPTION_LIMIT,
        .most = -1,
        .run = command_gather,
    },
    {
        .name = "map",
        .arguments = "METHOD [TEMPLATE...] [::: ARGUMENT...]...",
        .summary = "make a job of each line, record or argument",
        .help = help_map,
        .accepts = OPTIONS_DAEMON | OPTION_KEEP_ORDER | OPTION_LIMIT | OPTION_NULL | OPTION_CSV |
                   OPTION_TSV | OPTION_COLSEP | OPTION_ARG_FILE | OPTION_JOBLOG | OPTION_RESUME |
                   OPTION_RESUME_FAILED | OPTION_RETRIES | OPTION_TIMEOUT | OPTION_HALT |
                   OPTION_TAG | OPTION_DRY_RUN | OPTION_JSONL | OPTION_PROGRESS | OPTION_NO_BAR,
        .lists = true,
        .least = 1,
        .most = -1,
        .run = command_map,
    },
    {
        .name = "methods",
        .arguments = "",
        .summary = "list the methods that can be called",
        .help = help_methods,
        .accepts = OPTIONS_DAEMON | OPTION_JSON,
        .run = command_methods,
    },
    {
        .name = "ping",
        .arguments = "[COUNT]",
        .summary = "see whether the daemon answers, and how fast",
        .help = help_ping,
        .accepts = OPTIONS_DAEMON,
        .most = 1,
        .run = command_ping,
    },
    {
        .name = "run",
        .arguments = "[--] COMMAND [ARGUMENT...] [::: ARGUMENT...]...",
        .summary = "run a command for each line, record or argument",
        .help = help_run,
        .accepts = OPTION_LOCAL | OPTION_SET_KEY | OPTION_SLOTS | OPTION_LIMIT | OPTION_KEEP_ORDER |
                   OPTION_NULL | OPTION_CSV | OPTION_TSV | OPTION_COLSEP | OPTION_ARG_FILE |
                   OPTION_JOBLOG | OPTION_RESUME | OPTION_RESUME_FAILED | OPTION_RETRIES |
                   OPTION_TIMEOUT | OPTION_HALT | OPTION_TAG | OPTION_DRY_RUN | OPTION_LINE_BUFFER |
                   OPTION_PROGRESS | OPTION_NO_BAR,
        .lists = true,
        .own_command = true,
        .own_daemon = true,
        .least = 1,
        .most = -1,
        .run = command_run,
    },
    {
        .name = "status",
        .arguments = "",
        .summary = "show what the daemon is doing",
        .help = help_status,
        .accepts = OPTIONS_DAEMON | OPTION_JSON,
        .run = command_status,
    },
    {
        .name = "top",
        .arguments = "",
        .summary = "watch what the daemon is doing, pause pools, kill workers",
        .help = help_top,
        .accepts = OPTIONS_DAEMON | OPTION_INTERVAL,
        .run = command_top,
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

    if (argc > 0 && run_child_is_meant(argv))
        run_child();
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
    if (status > 256) {
        signal(status - 256, SIG_DFL);
        raise(status - 256);
    }
    return status;
}
