// See check_talk.h.
#include "client/check_talk.h"

#include "common/clock.h"
#include "common/limits.h"
#include "common/scanner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LAST_WORDS_US 200000 // for a process whose pipe has ended to end as well

#define DOUBLE_EXACT_MAX (UINT64_C(1) << 53)
#define AGAIN_NS         10000000 // before a job that was given back is asked again

struct awaited {
    const struct check_asked *asked;
    unsigned left;
    unsigned returned;                      // were given back
    bool settled[CHECK_PLAN_IN_FLIGHT_MAX]; // answered, or given back
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
    check_notes_restart(&talk->notes);
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

static bool
is_awaited(const struct awaited *awaited, struct span raw, uint64_t *ret_which)
{
    uint64_t id;

    if (awaited == NULL || !check_line_read_id(raw, &id) || id < awaited->asked->first ||
        id - awaited->asked->first >= awaited->asked->count)
        return false;
    *ret_which = id - awaited->asked->first;
    return !awaited->settled[*ret_which];
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

    talk->notes.answered = true;
    if (is_awaited(awaited, judged->id, &which)) {
        awaited->settled[which] = true;
        awaited->left--;
        talk->answer = *judged;
        return true;
    }
    if (awaited != NULL && !was_used(talk, judged))
        return false;
    check_notes_stray(&talk->notes, judged->id);
    return true;
}

// Jobs that it has not begun with; an answer to one of them would be one too many.
static void
take_return(struct check_talk *talk, struct awaited *awaited, const struct check_line *judged)
{
    struct span ids = check_line_param(judged, "ids");
    struct scanner scanner;
    enum json_kind kind;
    struct span id;
    uint64_t which;

    scanner_init(&scanner, ids, LIMIT_DEPTH_MAX);
    if (!span_present(ids) || !scanner_enter(&scanner, JSON_KIND_ARRAY)) {
        check_notes_stray_return(&talk->notes, (struct span){0});
        return;
    }
    while (scanner_element(&scanner) && scanner_value(&scanner, &kind, &id)) {
        if (!is_awaited(awaited, id, &which)) {
            check_notes_stray_return(&talk->notes, id);
            continue;
        }
        awaited->settled[which] = true;
        awaited->left--;
        awaited->returned++;
    }
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
        check_notes_ready(&talk->notes, ret);
        return true;
    case CHECK_LINE_RETURN:
        take_return(talk, awaited, ret);
        return true;
    case CHECK_LINE_PROGRESS:
        talk->progressed = true;
        return true;
    case CHECK_LINE_NOTIFICATION:
        return true;
    case CHECK_LINE_WRONG:
        check_notes_junk(&talk->notes, (struct span){line, length}, ret);
        return true;
    }
    return true;
}

static bool
wrong_id(const struct check_asked *asked, const struct check_line *judged,
         struct check_verdict *verdict)
{
    char quote[CHECK_QUOTE_MAX];

    check_quote(judged->id, quote);
    if (asked->count > 1)
        return check_wrong(
            verdict, "it was asked with the ids %" PRIu64 " to %" PRIu64 " and answered the id %s",
            asked->first, asked->first + asked->count - 1, quote);
    check_wrong(verdict, "it was asked with the id %" PRIu64 " and answered the id %s",
                asked->first, quote);
    if (asked->first > DOUBLE_EXACT_MAX)
        check_add(verdict, ". If the language reads numbers as doubles (JavaScript, awk, jq), take "
                           "the id from the line as text");
    return false;
}

static void
add_patience(const struct check_talk *talk, struct check_verdict *verdict)
{
    check_add(verdict, " within %g s%s", (double)talk->plan->timeout_us / 1e6,
              talk->progressed ? ", although progress did" : "");
    if (talk->notes.junk[0] == '\0')
        check_add(verdict, ": if it is slow, say how long it may take with --timeout");
}

static bool
no_answer(struct check_talk *talk, const struct awaited *awaited, enum check_io io,
          struct check_verdict *verdict)
{
    if (awaited->asked->count > 1)
        check_wrong(verdict, "%u of %u requests got no answer", awaited->left,
                    awaited->asked->count);
    else
        check_wrong(verdict, "no answer came");
    if (io == CHECK_IO_LATE)
        add_patience(talk, verdict);
    else
        check_add(verdict, " and its stdout has ended");
    if (talk->notes.junk[0] != '\0' && !talk->notes.answered)
        check_add(verdict, "; %s", talk->notes.junk);
    check_talk_add_circumstances(talk, verdict);
    return false;
}

// Waits until each request was answered or given back.
static bool
await_all(struct check_talk *talk, struct awaited *awaited, struct check_verdict *verdict)
{
    int64_t deadline_us = check_talk_deadline(talk);
    struct check_line judged;
    char *line;
    size_t length;

    talk->progressed = false;
    while (awaited->left > 0) {
        enum check_io io = check_process_read(talk->process, deadline_us, &line, &length);

        if (io == CHECK_IO_TOO_LONG)
            check_notes_long_line(&talk->notes, (struct span){line, length});
        else if (io != CHECK_IO_OK)
            return no_answer(talk, awaited, io, verdict);
        else if (!take_line(talk, awaited, line, length, &judged))
            return wrong_id(awaited->asked, &judged, verdict);
    }
    return true;
}

// Asks once more for one that was given back, with a new id, as the daemon does.
static bool
ask_again(struct check_talk *talk, const struct check_asked *asked, unsigned *ret_returned,
          struct check_verdict *verdict)
{
    struct check_asked again = *asked;
    struct awaited awaited = {.asked = &again, .left = 1};
    size_t length;
    char *text;
    bool good;

    again.first = talk->next_id++;
    again.count = 1;
    text = check_talk_request(again.first, asked->method, asked->params, &length);
    if (text == NULL)
        return check_skipped(verdict, CHECK_NO_MEMORY);
    good = check_talk_write(talk, (struct span){text, length}, verdict) &&
           await_all(talk, &awaited, verdict);
    free(text);
    *ret_returned = awaited.returned;
    return good;
}

// One by one: only a notification can be before it then, which takes its time.
static bool
ask_returned(struct check_talk *talk, const struct awaited *awaited, struct check_verdict *verdict)
{
    for (unsigned i = 0; i < awaited->returned; i++) {
        int64_t deadline_us = check_talk_deadline(talk);
        unsigned returned = 1;

        while (returned > 0) {
            if (clock_us() > deadline_us)
                return check_wrong(verdict, "it gives back the only request that it has, again and "
                                            "again: worker.return is for those behind another");
            nanosleep(&(const struct timespec){.tv_nsec = AGAIN_NS}, NULL);
            if (!ask_again(talk, awaited->asked, &returned, verdict))
                return false;
        }
    }
    return true;
}

bool
check_talk_await(struct check_talk *talk, const struct check_asked *asked,
                 struct check_verdict *verdict)
{
    struct awaited awaited = {.asked = asked, .left = asked->count};

    return await_all(talk, &awaited, verdict) && ask_returned(talk, &awaited, verdict);
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
            check_notes_long_line(&talk->notes, (struct span){line, length});
        else
            take_line(talk, NULL, line, length, &judged);
    }
}
