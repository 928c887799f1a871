// `offload check-worker` against workers with one fault each: it must find that fault, say how to
// mend it, find nothing else, and leave no process behind.
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// A worker in bash that does all well but for the fault that its argument names.
#define WORKER                                                                                    \
    "fault=$1; LC_ALL=C; answered=\n"                                                             \
    "say() { printf '%s\\n' \"$1\"; }\n"                                                          \
    "ready() { say '{\"jsonrpc\":\"2.0\",\"method\":\"worker.ready\"'\"$1\"'}'; }\n"              \
    "back() { say "                                                                               \
    "'{\"jsonrpc\":\"2.0\",\"method\":\"worker.return\",\"params\":{\"ids\":['$1']}}'; }\n"       \
    "case $fault in\n"                                                                            \
    "junk) say 'Loading the model...';;\n"                                                        \
    "ready|ready_twice) ready;;&\n"                                                               \
    "ready_twice) ready;;\n"                                                                      \
    "cancel*) ready ',\"params\":{\"cancel\":true}';;\n"                                          \
    "back*) ready ',\"params\":{\"prefetch\":true}';;\n"                                          \
    "exits) echo 'no such model' >&2; exit 3;;\n"                                                 \
    "stubborn) trap '' TERM;;\n"                                                                  \
    "closes) exec >&-; sleep 1000;;\n"                                                            \
    "deaf) sleep 1000;;\n"                                                                        \
    "flood) while :; do say noise; done;;\n"                                                      \
    "long) head -c 5000000 /dev/zero | tr '\\0' x; echo;;\n"                                      \
    "daemon) setsid sleep 1000 & ;;\n"                                                            \
    "esac\n"                                                                                      \
    "answer() {\n"                                                                                \
    "  start='{\"jsonrpc\":\"2.0\",\"id\":'$1\n"                                                  \
    "  case $fault in\n"                                                                          \
    "  text_id) start='{\"jsonrpc\":\"2.0\",\"id\":\"'$1'\"';;\n"                                 \
    "  double_id) start='{\"jsonrpc\":\"2.0\",\"id\":'${1/%[0-9][0-9][0-9]/000};;\n"              \
    "  both) start=$start',\"error\":{\"code\":1,\"message\":\"\"}';;\n"                          \
    "  no_version) start='{\"id\":'$1;;\n"                                                        \
    "  batch) start='['$start;;\n"                                                                \
    "  lines) start='{\n  \"jsonrpc\":\"2.0\",\"id\":'$1;;\n"                                     \
    "  esac\n"                                                                                    \
    "  if [[ $fault == slow ]]; then\n"                                                           \
    "    say "                                                                                    \
    "'{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":'$1',\"value\":1}}'\n" \
    "    sleep 1000\n"                                                                            \
    "  elif [[ $line == *no_such_method* && $fault != any_method || $fault == no_method ]]; "     \
    "then\n"                                                                                      \
    "    [[ $fault == silent_method ]] ||\n"                                                      \
    "      say \"$start\"',\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}'\n"      \
    "  elif [[ $fault == batch ]]; then say \"$start\"',\"result\":1}]'\n"                        \
    "  elif [[ $fault == latin ]]; then printf '%s,\"result\":\"\\344\"}\\n' \"$start\"\n"        \
    "  elif [[ $fault == changed ]]; then say \"$start\"',\"result\":{\"text\":\"?\"}}'\n"        \
    "  else say \"$start\"',\"result\":[]}'; fi\n"                                                \
    "  [[ $fault != twice ]] || say \"$start\"',\"result\":[]}'\n"                                \
    "  [[ $fault != ready_late || $answered ]] || ready\n"                                        \
    "  answered=yes\n"                                                                            \
    "}\n"                                                                                         \
    "while IFS= read -r line; do\n"                                                               \
    "  rest=${line#*'\"id\":'}; id=${rest%%,*}\n"                                                 \
    "  case $line in\n"                                                                           \
    "  '{\"jsonrpc\":\"2.0\",\"id\":'*) ;;\n"                                                     \
    "  *cancelRequest*8000000000000000001*) [[ $fault == cancels ]] || continue; "                \
    "id=${id%%\\}*};;\n"                                                                          \
    "  *cancelRequest*) [[ $fault != cancel_dies ]] || exit 4\n"                                  \
    "    [[ $fault == cancel_twice ]] || continue; id=${id%%\\}*};;\n"                            \
    "  '{'*) [[ $fault == notified ]] || continue; id=null;;\n"                                   \
    "  *) [[ $fault != blank ]] || exit 1; continue;;\n"                                          \
    "  esac\n"                                                                                    \
    "  [[ $fault != small || ${#line} -lt 65536 ]] || exit 1\n"                                   \
    "  case $fault in\n"                                                                          \
    "  back_only) back $id; continue;;\n"                                                         \
    "  back_wrong) back 987654321;;\n"                                                            \
    "  back*) if read -r -t 0.05 next; then\n"                                                    \
    "      rest=${next#*'\"id\":'}; behind=${rest%%,*}\n"                                         \
    "      back $behind; echo back >&2\n"                                                         \
    "      [[ $fault != back_answered ]] || answer $behind\n"                                     \
    "    fi;;\n"                                                                                  \
    "  esac\n"                                                                                    \
    "  answer $id\n"                                                                              \
    "done\n"                                                                                      \
    "case $fault in\n"                                                                            \
    "status) exit 5;;\n"                                                                          \
    "stays|stubborn) while :; do sleep 0.05; done;;\n"                                            \
    "esac\n"

// What is expected of a fault: the one case that is WRONG, or two, and words of the advice.
struct fault {
    const char *name;
    const char *wrong;
    const char *also; // may be NULL
    const char *words;
};

static const struct fault faults[] = {
    {"junk", "stdout has only lines of the protocol", NULL,
     "Loading the model...: not JSON; stdout"},
    {"ready_twice", "worker.ready comes first, and once", NULL, "more than once"},
    {"ready_late", "worker.ready comes first, and once", NULL, "after an answer"},
    {"twice", "every request is answered once", NULL, "any more"},
    {"double_id", "an id of 19 digits comes back", NULL, "take the id from the line as text"},
    {"any_method", "an unknown method gets an error", NULL, "-32601"},
    {"silent_method", "an unknown method gets an error", NULL, "no answer came within"},
    {"notified", "a notification gets no answer", NULL, "answered the id null"},
    {"cancel_dies", "a running job is cancelled", NULL, "exit status 4"},
    {"cancel_twice", "every request is answered once", NULL, "any more"},
    {"back_wrong", "every request is answered once", NULL, "987654321, which it does not have"},
    {"back_answered", "every request is answered once", NULL, "any more"},
    {"cancels", "a cancel of nothing is ignored", NULL, "8000000000000000001"},
    {"blank", "blank lines are ignored", NULL, "exit status 1"},
    {"small", "a line of 1 MiB", NULL, "exit status 1"},
    {"status", "the end of stdin ends it", NULL, "exit status 5"},
    {"stays", "the end of stdin ends it", NULL, "runs on"},
    {"stubborn", "SIGTERM ends it", "the end of stdin ends it", "kill-delay"},
    {"long", "stdout has only lines of the protocol", NULL, "longer than line-max"},
};

// Faults that leave nothing else to be looked at.
static const struct fault fatal[] = {
    {"text_id", "a request is answered at once", NULL, "with the id 1 and answered the id \"1\""},
    {"both", "a request is answered at once", NULL, "both"},
    {"no_version", "a request is answered at once", NULL, "jsonrpc"},
    {"batch", "a request is answered at once", NULL, "never in batches"},
    {"lines", "a request is answered at once", NULL, "an answer is one line"},
    {"latin", "a request is answered at once", NULL, "UTF-8"},
    {"exits", "a request is answered at once", NULL, "no such model"},
    {"closes", "a request is answered at once", NULL, "its stdout has ended"},
    {"deaf", "a request is answered at once", NULL, "no answer came within"},
    {"slow", "a request is answered at once", NULL,
     "although progress did: if it is slow, say how long it may take with --timeout"},
    {"back_only", "a request is answered at once", NULL, "the only request that it has"},
    {"flood", "a request is answered at once", NULL, "noise"},
};

// How long check-worker waits, in seconds: long where time is no part of the fault, and long enough
// for bash to read a large line where it is.
static double
patience(const struct fault *fault)
{
    bool waits = strstr("silent_method stays stubborn", fault->name) != NULL;

    if (strcmp(fault->wrong, "a request is answered at once") == 0)
        return 1; // nothing large is sent
    return waits ? 3 : 10;
}

static void
check_fault(const struct fault *fault, struct command *command)
{
    char timeout[32];

    snprintf(timeout, sizeof(timeout), "%g", patience(fault) * deadline_slowness());
    command_run(command, OFFLOAD_PROGRAM,
                (const char *const[]){"check-worker", "--", "--timeout", timeout, "bash", "-c",
                                      WORKER, "worker", fault->name, NULL},
                NULL, NULL);
}

static unsigned
count(const char *text, const char *part)
{
    unsigned found = 0;

    for (; (text = strstr(text, part)) != NULL; text++)
        found++;
    return found;
}

static void
expect_fault(const struct fault *fault, const struct command *command)
{
    char line[128];

    snprintf(line, sizeof(line), "WRONG: %s: ", fault->wrong);
    if (command->status != 1 || strstr(command->out, line) == NULL ||
        strstr(command->out, fault->words) == NULL)
        fail_msg("fault %s: exit status %d, expected 1, '%s' and '%s'\n%s%s", fault->name,
                 command->status, line, fault->words, command->out, command->err);
}

static void
expect_nothing_left(void)
{
    int64_t deadline = deadline_in(PATIENCE);
    pid_t children[PROCESSES_MAX];

    // The test is a reaper itself: whatever the client left behind is its child now.
    for (size_t left; (left = processes_children(getpid(), children)) > 0;) {
        for (size_t i = 0; i < left; i++)
            if (!processes_alive(children[i]))
                waitpid(children[i], NULL, WNOHANG);
        if (deadline_passed(deadline))
            fail_msg("check-worker left process %d behind", (int)children[0]);
        deadline_pause();
    }
}

static void
test_each_fault_is_found_alone(struct fixture *fixture)
{
    (void)fixture;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct command command;
        char also[128];

        check_fault(&faults[i], &command);
        expect_fault(&faults[i], &command);
        snprintf(also, sizeof(also), "WRONG: %s: ", faults[i].also != NULL ? faults[i].also : "");
        if (count(command.out, "WRONG") != (faults[i].also != NULL ? 2 : 1) ||
            (faults[i].also != NULL && strstr(command.out, also) == NULL))
            fail_msg("fault %s is not all that was found:\n%s", faults[i].name, command.out);
        check_contains(command.err, faults[i].also != NULL ? "2 of 18" : "1 of 18");
        command_done(&command);
        expect_nothing_left();
    }
}

static void
test_fatal_faults(struct fixture *fixture)
{
    (void)fixture;
    for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
        struct command command;

        check_fault(&fatal[i], &command);
        expect_fault(&fatal[i], &command);
        check_contains(command.out, "skipped: 12 others: it does not answer\n");
        command_done(&command);
        expect_nothing_left();
    }
}

static void
expect_all_well(const char *name, const char *words)
{
    const struct fault fault = {.name = name, .wrong = ""};
    struct command command;

    check_fault(&fault, &command);
    if (command.status != 0 || count(command.out, "WRONG") != 0 || command.err_length != 0)
        fail_msg("%s: exit status %d\n%s%s", name, command.status, command.out, command.err);
    assert_int_equal(count(command.out, "\n"), 18);
    check_contains(command.out, words);
    command_done(&command);
    expect_nothing_left();
}

static void
test_good_workers(struct fixture *fixture)
{
    (void)fixture;
    expect_all_well("none", "skipped: worker.ready comes first, and once: ");
    expect_all_well("ready", "ok: worker.ready comes first, and once\n");
    expect_all_well("cancel", "ok: a running job is cancelled\n");
    expect_all_well("back", "ok: two requests in one write\n");
    expect_all_well("daemon", "ok: it starts\n"); // what runs away is killed all the same
}

static void
test_text_that_comes_back_changed(struct fixture *fixture)
{
    const struct fault fault = {"changed", "unicode", NULL, "came back changed"};
    struct command command;

    (void)fixture;
    check_fault(&fault, &command);
    expect_fault(&fault, &command);
    command_done(&command);
}

static void
test_buffered_stdout(struct fixture *fixture)
{
    // The answers stay in a pipe's buffer as they do in that of a C library: until the end.
    static const char worker[] = "while IFS= read -r l; do r=${l#*\\\"id\\\":}; "
                                 "all+='{\"jsonrpc\":\"2.0\",\"id\":'${r%%,*}',\"result\":1}'$'\\n'"
                                 "; done; printf %s \"$all\"";
    struct command command;
    char timeout[32];

    (void)fixture;
    snprintf(timeout, sizeof(timeout), "%g", deadline_slowness());
    command_run(&command, OFFLOAD_PROGRAM,
                (const char *const[]){"check-worker", "--", "--timeout", timeout, "bash", "-c",
                                      worker, NULL},
                NULL, NULL);
    assert_int_equal(command.status, 1);
    check_contains(command.out, "WRONG: a request is answered at once: no answer came within ");
    check_contains(command.out, " s after its stdin had ended. Either the job is slow");
    check_contains(command.out, "--timeout");
    check_contains(command.out, "flush=True");
    check_contains(command.out, "fflush()");
    check_contains(command.out, "fflush(stdout)");
    check_contains(command.out, "process.stdout.write");
    command_done(&command);
    expect_nothing_left();
}

static void
test_many_at_once(struct fixture *fixture)
{
    struct command command;

    (void)fixture;
    command_run(&command, OFFLOAD_PROGRAM,
                (const char *const[]){"check-worker", "--in-flight", "64", "--", "bash", "-c",
                                      WORKER, "worker", "none", NULL},
                NULL, NULL);
    assert_int_equal(command.status, 0);
    check_contains(command.out, "ok: many requests at once\n");
    command_done(&command);
}

// The daemon's own worker works ahead, and gives back what waits behind a long job.
static void
test_the_own_worker(struct fixture *fixture)
{
    struct command command;

    (void)fixture;
    command_run(&command, OFFLOAD_PROGRAM,
                (const char *const[]){"check-worker", "--timeout", "60", "--method", "sum_squares",
                                      "{\"n\":100000000}", "--", OFFLOAD_WORKER_PROGRAM,
                                      "--prefetch", NULL},
                NULL, NULL);
    if (command.status != 0)
        fail_msg("exit status %d\n%s%s", command.status, command.out, command.err);
    check_contains(command.out, "ok: two requests in one write\n");
    check_contains(command.out, "ok: worker.ready comes first, and once\n");
    command_done(&command);
}

// That a worker does not know the method is no fault, and shows nothing else either.
static void
test_a_method_that_is_not_known(struct fixture *fixture)
{
    const struct fault fault = {.name = "no_method", .wrong = ""};
    struct command command;

    (void)fixture;
    check_fault(&fault, &command);
    assert_int_equal(command.status, 66);
    check_contains(command.out, "ok: a request is answered at once\n");
    check_contains(command.out, "ok: SIGTERM ends it\n");
    check_contains(command.out, "skipped: 7 others: it has no method 'echo'; name one of its own, "
                                "with --method METHOD PARAMS\n");
    check_contains(command.err, "7 of 18 checks could not be made");
    assert_null(strstr(command.out, "unicode"));
    command_done(&command);
}

static void
test_options_of_other_commands(struct fixture *fixture)
{
    struct command command;

    (void)fixture;
    command_run(&command, OFFLOAD_PROGRAM, (const char *const[]){"check-worker", "--help", NULL},
                NULL, NULL);
    assert_int_equal(command.status, 0);
    assert_null(strstr(command.out, "--server"));
    assert_null(strstr(command.out, "--local"));
    assert_null(strstr(command.out, "--set"));
    check_contains(command.out, "--in-flight");
    command_done(&command);
    command_run(&command, OFFLOAD_PROGRAM,
                (const char *const[]){"--local", "check-worker", "--", "true", NULL}, NULL, NULL);
    assert_int_equal(command.status, 64);
    check_contains(command.err, "--local is no option of 'check-worker'");
    command_done(&command);
}

static void
test_a_program_that_cannot_be_started(struct fixture *fixture)
{
    struct command command;

    (void)fixture;
    command_run(&command, OFFLOAD_PROGRAM,
                (const char *const[]){"check-worker", "--", "/no/such/program", NULL}, NULL, NULL);
    assert_int_equal(command.status, 1);
    check_contains(command.out, "WRONG: it starts: '/no/such/program' cannot be started: No such "
                                "file or directory\n");
    check_contains(command.out, "skipped: 17 others: it does not start\n");
    assert_int_equal(count(command.out, "\n"), 2);
    command_done(&command);
    command_run(&command, OFFLOAD_PROGRAM, (const char *const[]){"check-worker", "--", "/", NULL},
                NULL, NULL);
    assert_int_equal(command.status, 1);
    check_contains(command.out, "Permission denied");
    command_done(&command);
    expect_nothing_left();
}

static void
test_wrong_usage(struct fixture *fixture)
{
    static const char *const lines[][8] = {
        {"check-worker", NULL},
        {"check-worker", "--", "--timeout", "0", "true", NULL},
        {"check-worker", "--", "--timeout", "soon", "true", NULL},
        {"check-worker", "--", "--timeout", NULL},
        {"check-worker", "--", "--method", "m", "{", "true", NULL},
        {"check-worker", "--", "--method", "", "true", NULL},
        {"check-worker", "--", "--in-flight", "1025", "true", NULL},
        {"check-worker", "--in-flight", "1025", "--", "true", NULL},
        {"check-worker", "--", "--frobnicate", "true", NULL},
        {"check-worker", "--", "--method", "m", "--", NULL},
        {"check-worker", "--server", "unix:/x", "--", "true", NULL},
        {"check-worker", "--local", "--", "true", NULL},
    };

    (void)fixture;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct command command;

        command_run(&command, OFFLOAD_PROGRAM, lines[i], NULL, NULL);
        if (command.status != 64 || command.out_length != 0 || command.err_length == 0)
            fail_msg("case %zu: exit status %d\n%s%s", i, command.status, command.out, command.err);
        command_done(&command);
    }
}

// Interrupted, it takes the worker along.
static void
test_an_interrupt(struct fixture *fixture)
{
    struct command command;
    int64_t deadline = deadline_in(PATIENCE);
    pid_t children[PROCESSES_MAX];

    (void)fixture;
    command_start(&command, OFFLOAD_PROGRAM,
                  (const char *const[]){"check-worker", "--", "--timeout", "1000", "bash", "-c",
                                        WORKER, "worker", "deaf", NULL},
                  NULL);
    while (strstr(command.out, "it starts") == NULL)
        if (!command_read(&command, deadline))
            fail_msg("it does not start: %s", command.err);
    assert_int_equal(processes_children(command.pid, children), 1);
    assert_int_equal(kill(command.pid, SIGINT), 0);
    command_wait(&command);
    assert_int_equal(command.status, -1);
    command_done(&command);
    expect_nothing_left();
}

// Children that a shell gave it before exec are none of the worker's.
static void
test_foreign_children_are_spared(struct fixture *fixture)
{
    struct command command;

    (void)fixture;
    command_run(&command, "/usr/bin/env",
                (const char *const[]){"bash", "-c",
                                      "sleep 1000 >/dev/null 2>&1 & echo $! >&2; exec \"$@\"",
                                      "bash", OFFLOAD_PROGRAM, "check-worker", "--", "bash", "-c",
                                      WORKER, "worker", "none", NULL},
                NULL, NULL);
    assert_int_equal(command.status, 0);
    assert_true(processes_alive((pid_t)atoi(command.err)));
    assert_int_equal(kill((pid_t)atoi(command.err), SIGKILL), 0);
    command_done(&command);
    expect_nothing_left();
}

HARNESS_MAIN(SCENARIO_MANUAL(test_each_fault_is_found_alone), SCENARIO_MANUAL(test_fatal_faults),
             SCENARIO_MANUAL(test_good_workers), SCENARIO_MANUAL(test_text_that_comes_back_changed),
             SCENARIO_MANUAL(test_buffered_stdout), SCENARIO_MANUAL(test_many_at_once),
             SCENARIO_MANUAL(test_the_own_worker), SCENARIO_MANUAL(test_a_method_that_is_not_known),
             SCENARIO_MANUAL(test_options_of_other_commands),
             SCENARIO_MANUAL(test_a_program_that_cannot_be_started),
             SCENARIO_MANUAL(test_wrong_usage), SCENARIO_MANUAL(test_an_interrupt),
             SCENARIO_MANUAL(test_foreign_children_are_spared))
