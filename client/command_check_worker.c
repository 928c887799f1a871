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

static void
play(struct check_talk *talk, const struct check_case *played, enum check_need reached,
     struct check_verdict *verdict)
{
    if (played->need > reached) {
        check_skipped(verdict,
                      reached == CHECK_NEEDS_NOTHING ? "it does not start" : "it does not answer");
        return;
    }
    if (!played->run(talk, verdict) && verdict->outcome == CHECK_WRONG)
        check_talk_close(talk);
}

// All cases; the exit status.
static int
check(struct check_talk *talk)
{
    size_t count;
    const struct check_case *cases = check_cases(&count);
    enum check_need reached = CHECK_NEEDS_NOTHING;
    unsigned wrong = 0;

    for (size_t i = 0; i < count; i++) {
        struct check_verdict verdict = {.outcome = CHECK_OK};
        int status;

        play(talk, &cases[i], reached, &verdict);
        if (i < 2 && verdict.outcome == CHECK_OK) // the first two are what the others stand on
            reached = i == 0 ? CHECK_NEEDS_START : CHECK_NEEDS_ANSWERS;
        talk->answers = reached == CHECK_NEEDS_ANSWERS;
        wrong += verdict.outcome == CHECK_WRONG;
        status = print(&cases[i], &verdict);
        if (status != 0)
            return status;
    }
    if (wrong > 0)
        report_problem("%u of %zu checks went wrong", wrong, count);
    return wrong > 0 ? EXIT_STATUS_JOB : EXIT_STATUS_OK;
}

int
command_check_worker(const struct options *options)
{
    struct check_plan plan;
    struct check_talk talk;
    int status;

    if (options->server != NULL || options->local) {
        report_problem("check-worker talks to the worker itself: --server and --local have no use");
        return EXIT_STATUS_USAGE;
    }
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
