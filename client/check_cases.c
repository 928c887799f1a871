// See check_cases.h. The cases up to the end of input share one process, so that an answer too many
// of one is seen by the next; one that goes wrong has its process killed.
#include "client/check_cases.h"

#include "client/check_ask.h"
#include "client/check_params.h"
#include "common/clock.h"
#include "common/errors.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LARGE_ID      UINT64_C(9123456789012345679) // 19 digits, and no double has it
#define NEVER_ID      UINT64_C(8000000000000000001) // no request has it
#define LONG_LINE     ((size_t)1 << 20)
#define SPLIT_AT      "\xe4\xb8\x96"
#define LAST_LINES_US 200000 // a process that it left behind may hold the pipe for ever
#define PAUSE_NS      50000000
#define UNICODE                                                \
    "\"Gr\xc3\xbc\xc3\x9f"                                     \
    "e, " SPLIT_AT "\xe7\x95\x8c, \xf0\x9f\x98\x80, \\u00e9, " \
    "\\ud83d\\ude00, \xc2\x85\xe2\x80\xa8\xe2\x80\xa9, \\\" \\\\ \\/ \\n \\t \""

#define FLUSH_ADVICE                                                                             \
    "it waits in a buffer, or it reads ahead: flush after each line (in Python print(..., "      \
    "flush=True); in awk fflush() (and mawk reads ahead unless it is called with -W "            \
    "interactive); in C fflush(stdout); in Node write each answer with process.stdout.write as " \
    "soon as its line is there, not at 'end')"

static bool
case_start(struct check_talk *talk, struct check_verdict *verdict)
{
    return check_talk_open(talk, verdict);
}

// No answer came: does it come when stdin ends? If there was progress, the job is merely slow.
static bool
explain_silence(struct check_talk *talk, uint64_t id, struct check_verdict *verdict)
{
    const struct check_asked asked = {.first = id, .count = 1};
    struct check_verdict late = {0};
    int64_t since_us = clock_us();

    if (talk->notes.answered || talk->progressed)
        return false;
    check_process_close_input(talk->process);
    if (!check_talk_await(talk, &asked, &late))
        return false;
    return check_wrong(verdict,
                       "no answer came within %g s, but %.1f s after its stdin had ended. Either "
                       "the job is slow: say how long it may take with --timeout. Or " FLUSH_ADVICE,
                       (double)talk->plan->timeout_us / 1e6, (double)(clock_us() - since_us) / 1e6);
}

static bool
case_answer(struct check_talk *talk, struct check_verdict *verdict)
{
    uint64_t id = talk->next_id;

    if (!check_talk_open(talk, verdict))
        return false;
    if (!check_ask_plainly(talk, verdict))
        return explain_silence(talk, id, verdict);
    talk->notes.no_method = talk->answer.kind == CHECK_LINE_ERROR &&
                            check_line_code(&talk->answer) == ERROR_METHOD_NOT_FOUND;
    return true;
}

static bool
case_large_id(struct check_talk *talk, struct check_verdict *verdict)
{
    talk->large_id = LARGE_ID;
    return check_talk_open(talk, verdict) && check_ask(talk, LARGE_ID, talk->plan->params, verdict);
}

static bool
case_unicode(struct check_talk *talk, struct check_verdict *verdict)
{
    if (check_ask_with_text(talk, SPAN(UNICODE), verdict))
        return true;
    if (verdict->outcome == CHECK_WRONG)
        check_add(verdict,
                  ". The request had umlauts, Chinese, emoji, and U+0085 and U+2028, which do "
                  "not end a line, although Node's readline and Python's splitlines() say so");
    return false;
}

static bool
case_long_line(struct check_talk *talk, struct check_verdict *verdict)
{
    char *text = malloc(LONG_LINE);
    bool good;

    if (text == NULL)
        return check_skipped(verdict, CHECK_NO_MEMORY);
    memset(text, 'x', LONG_LINE);
    text[0] = text[LONG_LINE - 1] = '"';
    good = check_ask_with_text(talk, (struct span){text, LONG_LINE}, verdict);
    free(text);
    return good;
}

static bool
case_two_at_once(struct check_talk *talk, struct check_verdict *verdict)
{
    return check_ask_at_once(talk, 2, verdict);
}

static bool
case_in_flight(struct check_talk *talk, struct check_verdict *verdict)
{
    if (talk->plan->in_flight <= 1)
        return check_skipped(verdict, "only with --in-flight above 1");
    return check_ask_at_once(talk, talk->plan->in_flight, verdict);
}

// The text in two writes, cut inside of a character.
static bool
send_halves(struct check_talk *talk, struct span text, struct check_verdict *verdict)
{
    const struct timespec moment = {0, PAUSE_NS};
    const char *middle = memmem(text.at, text.length, SPLIT_AT, strlen(SPLIT_AT));
    size_t half = (middle != NULL ? (size_t)(middle - text.at) : text.length / 2) + 1;

    if (!check_talk_write(talk, (struct span){text.at, half}, verdict))
        return false;
    nanosleep(&moment, NULL);
    return check_talk_write(talk, (struct span){text.at + half, text.length - half}, verdict);
}

static bool
case_halves(struct check_talk *talk, struct check_verdict *verdict)
{
    struct check_asked asked = {.count = 1, .method = talk->plan->method};
    struct span params, text;
    bool good;

    if (!check_talk_open(talk, verdict))
        return false;
    params.at = check_params(talk->plan, SPAN(UNICODE), &params.length);
    if (params.at == NULL)
        return check_skipped(verdict, CHECK_NO_MEMORY);
    asked.first = talk->next_id++;
    asked.params = params;
    text.at = check_talk_request(asked.first, asked.method, params, &text.length);
    good = text.at != NULL ? send_halves(talk, text, verdict)
                           : check_skipped(verdict, CHECK_NO_MEMORY);
    good = good && check_talk_await(talk, &asked, verdict);
    free((char *)text.at);
    free((char *)params.at);
    return good;
}

static bool
case_unknown_method(struct check_talk *talk, struct check_verdict *verdict)
{
    const struct check_asked asked = {.first = talk->next_id,
                                      .count = 1,
                                      .method = SPAN("no_such_method"),
                                      .params = talk->plan->params};

    if (!check_talk_open(talk, verdict) || !check_ask_for(talk, &asked, verdict))
        return false;
    if (talk->answer.kind != CHECK_LINE_ERROR)
        return check_wrong(verdict,
                           "a method that cannot exist got a result; answer with the error "
                           "{\"code\":-32601,\"message\":\"Method not found\"}");
    return true;
}

static bool
case_notification(struct check_talk *talk, struct check_verdict *verdict)
{
    size_t length;
    char *text;

    if (!check_talk_open(talk, verdict))
        return false;
    text = check_talk_notification(talk->plan->method, talk->plan->params, &length);
    if (check_send_text(talk, text, length, verdict) && check_ask_plainly(talk, verdict))
        return true;
    check_add(verdict, ". A notification was sent before it; it has no id and is never answered");
    return false;
}

static bool
case_cancel(struct check_talk *talk, struct check_verdict *verdict)
{
    if (!check_talk_open(talk, verdict))
        return false;
    if (check_send_cancel(talk, NEVER_ID, verdict) && check_ask_plainly(talk, verdict))
        return true;
    check_add(verdict, ". A $/cancelRequest for an id that it does not have was sent before it; it "
                       "is to be ignored");
    return false;
}

// The worker said that it can be asked. Whether it stops or was done already: one answer, and it
// goes on with the next.
static bool
case_cancel_running(struct check_talk *talk, struct check_verdict *verdict)
{
    struct check_asked asked = {
        .count = 1, .method = talk->plan->method, .params = talk->plan->params};

    if (!talk->notes.cancels)
        return check_skipped(verdict, "only if worker.ready says {\"cancel\":true}");
    if (!check_talk_open(talk, verdict))
        return false;
    asked.first = talk->next_id++;
    if (check_send_request(talk, &asked, verdict)) {
        nanosleep(&(const struct timespec){.tv_nsec = PAUSE_NS}, NULL);
        if (check_send_cancel(talk, asked.first, verdict) &&
            check_talk_await(talk, &asked, verdict) && check_ask_plainly(talk, verdict))
            return true;
    }
    check_add(verdict,
              ". The job was cancelled by a $/cancelRequest, as \"cancel\":true allows: it "
              "is still answered, with the error -32800 or its result");
    return false;
}

static bool
case_blank_lines(struct check_talk *talk, struct check_verdict *verdict)
{
    return check_talk_open(talk, verdict) && check_talk_write(talk, SPAN("\n  \n\r\n"), verdict) &&
           check_ask_plainly(talk, verdict);
}

static bool
case_end_of_input(struct check_talk *talk, struct check_verdict *verdict)
{
    int64_t deadline_us = check_talk_deadline(talk);
    bool killed;
    int number;

    if (!check_talk_open(talk, verdict))
        return false;
    check_process_close_input(talk->process);
    if (!check_process_await_end(talk->process, deadline_us, &killed, &number))
        return check_wrong(verdict, "it runs on; the daemon kills it a second later");
    check_talk_drain(talk, clock_us() + LAST_LINES_US);
    if (!killed && number == 0)
        return true;
    check_wrong(verdict, "it should have ended with the exit status 0");
    check_talk_add_circumstances(talk, verdict);
    return false;
}

static bool
case_terminate(struct check_talk *talk, struct check_verdict *verdict)
{
    bool killed;
    int number;

    check_talk_close(talk);
    if (!check_talk_open(talk, verdict))
        return false;
    // An answer shows that it is past its start: that its handlers, if any, are in place.
    if (talk->answers && !check_ask_plainly(talk, verdict))
        return false;
    check_process_signal(talk->process, SIGTERM);
    if (check_process_await_end(talk->process, check_talk_deadline(talk), &killed, &number))
        return true;
    return check_wrong(verdict, "it runs on; after kill-delay the daemon kills it");
}

static bool
case_ready(struct check_talk *talk, struct check_verdict *verdict)
{
    if (talk->notes.ready[0] != '\0')
        return check_wrong(verdict, "%s", talk->notes.ready);
    if (!talk->notes.ready_seen)
        return check_skipped(verdict, "it sends none, and only a pool with wait-ready wants it");
    return true;
}

static bool
case_once(struct check_talk *talk, struct check_verdict *verdict)
{
    return talk->notes.stray[0] == '\0' || check_wrong(verdict, "%s", talk->notes.stray);
}

static bool
case_stdout(struct check_talk *talk, struct check_verdict *verdict)
{
    return talk->notes.junk[0] == '\0' || check_wrong(verdict, "%s", talk->notes.junk);
}

// The last three tell what was seen all the time.
static const struct check_case cases[] = {
    {"it starts", CHECK_NEEDS_NOTHING, case_start},
    {"a request is answered at once", CHECK_NEEDS_START, case_answer},
    {"an id of 19 digits comes back", CHECK_NEEDS_ANSWERS, case_large_id},
    {"unicode", CHECK_NEEDS_METHOD, case_unicode},
    {"a line of 1 MiB", CHECK_NEEDS_METHOD, case_long_line},
    {"two requests in one write", CHECK_NEEDS_METHOD, case_two_at_once},
    {"one request in two writes", CHECK_NEEDS_METHOD, case_halves},
    {"many requests at once", CHECK_NEEDS_METHOD, case_in_flight},
    {"an unknown method gets an error", CHECK_NEEDS_ANSWERS, case_unknown_method},
    {"a notification gets no answer", CHECK_NEEDS_METHOD, case_notification},
    {"a cancel of nothing is ignored", CHECK_NEEDS_ANSWERS, case_cancel},
    {"a running job is cancelled", CHECK_NEEDS_METHOD, case_cancel_running},
    {"blank lines are ignored", CHECK_NEEDS_ANSWERS, case_blank_lines},
    {"the end of stdin ends it", CHECK_NEEDS_START, case_end_of_input},
    {"SIGTERM ends it", CHECK_NEEDS_START, case_terminate},
    {"worker.ready comes first, and once", CHECK_NEEDS_START, case_ready},
    {"every request is answered once", CHECK_NEEDS_ANSWERS, case_once},
    {"stdout has only lines of the protocol", CHECK_NEEDS_START, case_stdout},
};

const struct check_case *
check_cases(size_t *ret_count)
{
    *ret_count = sizeof(cases) / sizeof(cases[0]);
    return cases;
}
