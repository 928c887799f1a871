// See check_talk.h.
#include "client/check_talk.h"

#include "common/clock.h"
#include "common/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAST_WORDS_US 200000 // for a process whose pipe has ended to end as well

#define DOUBLE_EXACT_MAX (UINT64_C(1) << 53)

struct awaited {
    uint64_t first;
    unsigned count;
    unsigned left;
    bool answered[CHECK_PLAN_IN_FLIGHT_MAX];
};

void
check_talk_init(struct check_talk *talk, const struct check_plan *plan)
{
    *talk = (struct check_talk){.plan = plan, .next_id = 1};
    messages_init(&talk->messages);
}

void
check_talk_done(struct check_talk *talk)
{
    check_talk_close(talk);
    messages_done(&talk->messages);
}

bool
check_talk_open(struct check_talk *talk, struct check_verdict *verdict)
{
    int error;

    if (talk->process != NULL)
        return true;
    error = check_process_start(talk->plan->argv, &talk->process);
    if (error != 0)
        return check_wrong(verdict, "'%s' cannot be started: %s", talk->plan->argv[0],
                           strerror(-error));
    talk->ready_sent = false;
    talk->answered = false;
    return true;
}

void
check_talk_close(struct check_talk *talk)
{
    check_process_free(talk->process);
    talk->process = NULL;
}

int64_t
check_talk_deadline(const struct check_talk *talk)
{
    return clock_us() + talk->plan->timeout_us;
}

static char *
join_line(struct span id, struct span method, struct span params, size_t *ret_length)
{
    struct iovec iov[MESSAGE_IOV_MAX + 1];
    int count = message_request_iov(iov, id, method, params);

    iov[count++] = (struct iovec){.iov_base = (char[]){'\n'}, .iov_len = 1};
    return message_join(iov, count, ret_length);
}

char *
check_talk_request(uint64_t id, struct span method, struct span params, size_t *ret_length)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, id);

    return join_line((struct span){digits, (size_t)length}, method, params, ret_length);
}

char *
check_talk_notification(struct span method, struct span params, size_t *ret_length)
{
    return join_line((struct span){0}, method, params, ret_length);
}

void
check_talk_add_circumstances(struct check_talk *talk, struct check_verdict *verdict)
{
    char quote[CHECK_QUOTE_MAX];
    struct span errors;
    bool killed;
    int number;

    if (talk->process == NULL)
        return;
    if (check_process_await_end(talk->process, clock_us() + LAST_WORDS_US, &killed, &number)) {
        if (killed)
            check_add(verdict, ". It was killed by SIG%s", sigabbrev_np(number));
        else
            check_add(verdict, ". It has ended, with the exit status %d", number);
    }
    errors = check_process_stderr(talk->process);
    if (errors.length > CHECK_QUOTE_MAX / 2) // the end tells most
        errors =
            (struct span){errors.at + errors.length - CHECK_QUOTE_MAX / 2, CHECK_QUOTE_MAX / 2};
    if (errors.length > 0)
        check_add(verdict, ". The end of its stderr: %s", check_quote(errors, quote));
}

bool
check_talk_write(struct check_talk *talk, struct span text, struct check_verdict *verdict)
{
    switch (check_process_write(talk->process, text, check_talk_deadline(talk))) {
    case CHECK_IO_OK:
        return true;
    case CHECK_IO_LATE:
        check_wrong(verdict, "it does not read its stdin");
        break;
    case CHECK_IO_END:
    case CHECK_IO_TOO_LONG:
        check_wrong(verdict, "it has closed its stdin");
        break;
    }
    check_talk_add_circumstances(talk, verdict);
    return false;
}

static void
note_junk(struct check_talk *talk, struct span line, const struct check_line *judged)
{
    struct check_findings *findings = &talk->findings;
    char quote[CHECK_QUOTE_MAX];

    if (findings->junk[0] != '\0')
        return;
    snprintf(findings->junk, sizeof(findings->junk), "it wrote %s: %s%s%s",
             check_quote(line, quote), judged->problem, judged->advice != NULL ? "; " : "",
             judged->advice != NULL ? judged->advice : "");
}

static void
note_stray(struct check_talk *talk, const struct check_line *judged)
{
    struct check_findings *findings = &talk->findings;
    char quote[CHECK_QUOTE_MAX];

    if (findings->stray[0] == '\0')
        snprintf(findings->stray, sizeof(findings->stray),
                 "it answered the id %s when that waited for no answer any more",
                 check_quote(judged->id, quote));
}

static void
note_ready(struct check_talk *talk)
{
    struct check_findings *findings = &talk->findings;

    findings->ready_seen = true;
    if (talk->ready_sent)
        snprintf(findings->ready, sizeof(findings->ready), "it sent worker.ready more than once");
    else if (talk->answered)
        snprintf(findings->ready, sizeof(findings->ready),
                 "it sent worker.ready after an answer; it comes first, or not at all");
    talk->ready_sent = true;
}

static bool
is_awaited(const struct awaited *awaited, const struct check_line *judged, uint64_t *ret_which)
{
    uint64_t id;

    if (awaited == NULL || !check_line_number(judged, &id) || id < awaited->first ||
        id - awaited->first >= awaited->count)
        return false;
    *ret_which = id - awaited->first;
    return !awaited->answered[*ret_which];
}

// True if a request had this id before.
static bool
was_used(const struct check_talk *talk, const struct check_line *judged)
{
    uint64_t id;

    return check_line_number(judged, &id) &&
           ((id > 0 && id < talk->next_id) || (id == talk->large_id && id != 0));
}

// An answer. False if nothing ever asked for it; one that comes a second time is but noted.
static bool
take_answer(struct check_talk *talk, struct awaited *awaited, const struct check_line *judged)
{
    uint64_t which;

    talk->answered = true;
    if (is_awaited(awaited, judged, &which)) {
        awaited->answered[which] = true;
        awaited->left--;
        talk->answer = *judged;
        return true;
    }
    if (awaited != NULL && !was_used(talk, judged))
        return false;
    note_stray(talk, judged);
    return true;
}

// False if the line is an answer that was never asked for: that decides a case at once, since the
// right answer will most likely never come. *ret has it.
static bool
take_line(struct check_talk *talk, struct awaited *awaited, char *line, size_t length,
          struct check_line *ret)
{
    if (!check_line_judge(&talk->messages, line, length, ret))
        return true; // out of memory: as if the line had been lost
    switch (ret->kind) {
    case CHECK_LINE_RESULT:
    case CHECK_LINE_ERROR:
        return take_answer(talk, awaited, ret);
    case CHECK_LINE_READY:
        note_ready(talk);
        return true;
    case CHECK_LINE_NOTIFICATION:
        return true;
    case CHECK_LINE_WRONG:
        note_junk(talk, (struct span){line, length}, ret);
        return true;
    }
    return true;
}

static bool
wrong_id(const struct awaited *awaited, const struct check_line *judged,
         struct check_verdict *verdict)
{
    char quote[CHECK_QUOTE_MAX];

    check_quote(judged->id, quote);
    if (awaited->count > 1)
        return check_wrong(
            verdict, "it was asked with the ids %" PRIu64 " to %" PRIu64 " and answered the id %s",
            awaited->first, awaited->first + awaited->count - 1, quote);
    check_wrong(verdict, "it was asked with the id %" PRIu64 " and answered the id %s",
                awaited->first, quote);
    if (awaited->first > DOUBLE_EXACT_MAX)
        check_add(verdict, ". If the language reads numbers as doubles (JavaScript, awk, jq), take "
                           "the id from the line as text");
    return false;
}

static bool
no_answer(struct check_talk *talk, const struct awaited *awaited, enum check_io io,
          struct check_verdict *verdict)
{
    const char *stillness = io == CHECK_IO_END ? "and its stdout has ended" : "in time";

    if (awaited->count > 1)
        check_wrong(verdict, "%u of %u requests got no answer %s", awaited->left, awaited->count,
                    stillness);
    else
        check_wrong(verdict, "no answer came %s", stillness);
    if (io == CHECK_IO_LATE)
        check_add(verdict, " (--timeout is %g s)", (double)talk->plan->timeout_us / 1e6);
    if (talk->findings.junk[0] != '\0' && !talk->answered)
        check_add(verdict, "; %s", talk->findings.junk);
    check_talk_add_circumstances(talk, verdict);
    return false;
}

static void
note_long_line(struct check_talk *talk, struct span beginning)
{
    const struct check_line judged = {.problem = "a line longer than line-max, which is 4 MiB "
                                                 "unless configured"};

    note_junk(talk, beginning, &judged);
}

bool
check_talk_await(struct check_talk *talk, uint64_t first, unsigned count,
                 struct check_verdict *verdict)
{
    struct awaited awaited = {.first = first, .count = count, .left = count};
    int64_t deadline_us = check_talk_deadline(talk);
    struct check_line judged;
    char *line;
    size_t length;

    while (awaited.left > 0) {
        enum check_io io = check_process_read(talk->process, deadline_us, &line, &length);

        if (io == CHECK_IO_TOO_LONG)
            note_long_line(talk, (struct span){line, length});
        else if (io != CHECK_IO_OK)
            return no_answer(talk, &awaited, io, verdict);
        else if (!take_line(talk, &awaited, line, length, &judged))
            return wrong_id(&awaited, &judged, verdict);
    }
    return true;
}

void
check_talk_drain(struct check_talk *talk, int64_t deadline_us)
{
    struct check_line judged;
    enum check_io io;
    char *line;
    size_t length;

    while ((io = check_process_read(talk->process, deadline_us, &line, &length)) == CHECK_IO_OK ||
           io == CHECK_IO_TOO_LONG) {
        if (io == CHECK_IO_TOO_LONG)
            note_long_line(talk, (struct span){line, length});
        else
            take_line(talk, NULL, line, length, &judged);
    }
}
