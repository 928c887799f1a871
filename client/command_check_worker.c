// offload check-worker -- PROGRAM...: plays hard cases at a user's worker and says what it got
// wrong. No daemon is needed.
#include "client/command_check_worker.h"

#include "client/check_cases.h"
#include "client/check_plan.h"
#include "client/options.h"
#include "client/output.h"
#include "client/report.h"
#include "common/errors.h"

#include <stdio.h>
#include <stdlib.h>

static int
print(const struct check_case *played, const struct check_verdict *verdict)
{
    static const char *const words[] = {
        [CHECK_OK] = "ok",
        [CHECK_WRONG] = "WRONG",
        [CHECK_SKIPPED] = "skipped",
    };
    bool more = verdict->text[0] != '\0';
    char *line;
    int length = asprintf(&line, "%s: %s%s%s", words[verdict->outcome], played->name,
                          more ? ": " : "", verdict->text);
    int status;

    if (length < 0)
        return report_no_memory();
    status = report_stdout(output_line((struct span){line, (size_t)length}));
    free(line);
    return status;
}

struct tally {
    size_t count;
    enum check_need reached;
    unsigned wrong;
    unsigned left_out; // could not be played
};

// False if the worker did not get as far as this case needs.
static bool
play(struct check_talk *talk, const struct check_case *played, const struct tally *tally,
     struct check_verdict *verdict)
{
    if (played->need > tally->reached)
        return false;
    if (!played->run(talk, verdict) && verdict->outcome == CHECK_WRONG)
        check_talk_close(talk);
    return true;
}

// The first two cases are what the others stand on.
static void
count(struct check_talk *talk, size_t index, const struct check_verdict *verdict,
      struct tally *tally)
{
    tally->wrong += verdict->outcome == CHECK_WRONG;
    if (index < 2 && verdict->outcome == CHECK_OK)
        tally->reached = index == 0              ? CHECK_NEEDS_START
                         : talk->notes.no_method ? CHECK_NEEDS_ANSWERS
                                                 : CHECK_NEEDS_METHOD;
    talk->answers = tally->reached >= CHECK_NEEDS_ANSWERS;
}

static int
print_left_out(const struct check_talk *talk, const struct tally *tally)
{
    struct check_case others = {0};
    struct check_verdict verdict;
    char name[48];

    if (tally->left_out == 0)
        return 0;
    snprintf(name, sizeof(name), "%u others", tally->left_out);
    others.name = name;
    check_skipped(&verdict, tally->reached == CHECK_NEEDS_NOTHING ? "it does not start"
                            : tally->reached == CHECK_NEEDS_START ? "it does not answer"
                                                                  : "");
    if (tally->reached == CHECK_NEEDS_ANSWERS)
        check_add(&verdict,
                  "it has no method '%.*s'; name one of its own, with --method METHOD PARAMS",
                  (int)talk->plan->method.length, talk->plan->method.at);
    return print(&others, &verdict);
}

static int
conclude(const struct check_talk *talk, const struct tally *tally)
{
    int status = print_left_out(talk, tally);

    if (status != 0)
        return status;
    if (tally->wrong > 0) {
        report_problem("%u of %zu checks went wrong", tally->wrong, tally->count);
        return EXIT_STATUS_JOB;
    }
    if (!talk->notes.no_method)
        return EXIT_STATUS_OK;
    report_problem("%u of %zu checks could not be made", tally->left_out, tally->count);
    return error_exit_status(ERROR_METHOD_NOT_FOUND);
}

// All cases; the exit status.
static int
check(struct check_talk *talk)
{
    struct tally tally = {.reached = CHECK_NEEDS_NOTHING};
    const struct check_case *cases = check_cases(&tally.count);

    for (size_t i = 0; i < tally.count; i++) {
        struct check_verdict verdict = {.outcome = CHECK_OK};
        int status;

        if (!play(talk, &cases[i], &tally, &verdict)) {
            tally.left_out++;
            continue;
        }
        count(talk, i, &verdict, &tally);
        status = print(&cases[i], &verdict);
        if (status != 0)
            return status;
    }
    return conclude(talk, &tally);
}

int
command_check_worker(const struct options *options)
{
    struct check_plan plan;
    struct check_talk talk;
    int status;

    status = check_plan_parse(options->arguments, (size_t)options->argument_count,
                              options->in_flight, &plan);
    if (status != 0)
        return status;
    check_talk_init(&talk, &plan);
    status = check(&talk);
    check_talk_done(&talk);
    check_plan_done(&plan);
    return status;
}
