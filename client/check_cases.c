// See check_cases.h. The cases up to the end of input share one process, so that an answer too many
// of one is seen by the next; one that goes wrong has its process killed.
#include "client/check_cases.h"

#include "client/check_params.h"
#include "common/clock.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LARGE_ID      UINT64_C(9123456789012345679) // 19 digits, and no double has it
#define LONG_LINE     ((size_t)1 << 20)
#define NO_MEMORY     "this program is out of memory"
#define SPLIT_AT      "\xe4\xb8\x96"
#define LAST_LINES_US 200000 // a process that it left behind may hold the pipe for ever
#define PAUSE_NS      50000000
#define UNICODE                                                \
    "\"Gr\xc3\xbc\xc3\x9f"                                     \
    "e, " SPLIT_AT "\xe7\x95\x8c, \xf0\x9f\x98\x80, \\u00e9, " \
    "\\ud83d\\ude00, \xc2\x85\xe2\x80\xa8\xe2\x80\xa9, \\\" \\\\ \\/ \\n \\t \""

#define FLUSH_ADVICE                                                                             \
    "its answers come only once its stdin has ended: they wait in a buffer, or it reads ahead. " \
    "Flush after each line: in Python print(..., flush=True); in awk fflush() (and mawk reads "  \
    "ahead unless it is called with -W interactive); in C fflush(stdout); in Node write each "   \
    "answer with process.stdout.write as soon as its line is there, not at 'end'"

static bool
send_text(struct check_talk *talk, char *text, size_t length, struct check_verdict *verdict)
{
    bool sent = text != NULL ? check_talk_write(talk, (struct span){text, length}, verdict)
                             : check_skipped(verdict, NO_MEMORY);

    free(text);
    return sent;
}

// Sends a request for the method that is being checked and waits for its answer.
static bool
ask(struct check_talk *talk, uint64_t id, struct span params, struct check_verdict *verdict)
{
    size_t length;
    char *text = check_talk_request(id, talk->plan->method, params, &length);

    return send_text(talk, text, length, verdict) && check_talk_await(talk, id, 1, verdict);
}

static bool
ask_plainly(struct check_talk *talk, struct check_verdict *verdict)
{
    struct span text = SPAN("\"hello\"");
    struct span params = talk->plan->params;
    char *made = NULL;
    bool good;

    if (!span_present(params))
        params.at = made = check_params(talk->plan, text, &params.length);
    good = ask(talk, talk->next_id++, params, verdict);
    free(made);
    return good;
}

static bool
case_start(struct check_talk *talk, struct check_verdict *verdict)
{
    return check_talk_open(talk, verdict);
}

// If no answer came: does it come when stdin ends?
static bool
case_answer(struct check_talk *talk, struct check_verdict *verdict)
{
    uint64_t id = talk->next_id;
    struct check_verdict late = {0};

    if (!check_talk_open(talk, verdict) || ask_plainly(talk, verdict))
        return verdict->outcome == CHECK_OK;
    if (talk->answered)
        return false;
    check_process_close_input(talk->process);
    if (check_talk_await(talk, id, 1, &late))
        return check_wrong(verdict, FLUSH_ADVICE);
    return false;
}

static bool
case_large_id(struct check_talk *talk, struct check_verdict *verdict)
{
    talk->large_id = LARGE_ID;
    return check_talk_open(talk, verdict) && ask(talk, LARGE_ID, talk->plan->params, verdict);
}

// A request with this text in its params; the answer's text must be the same.
static bool
ask_with_text(struct check_talk *talk, struct span text, struct check_verdict *verdict)
{
    struct span params;
    bool good;

    if (!check_talk_open(talk, verdict))
        return false;
    params.at = check_params(talk->plan, text, &params.length);
    if (params.at == NULL)
        return check_skipped(verdict, NO_MEMORY);
    good = ask(talk, talk->next_id++, params, verdict);
    free((char *)params.at);
    if (good && talk->answer.kind == CHECK_LINE_RESULT &&
        check_params_differ(talk->plan, text, talk->answer.result))
        return check_wrong(verdict, "the text came back changed: stdin and stdout are UTF-8");
    return good;
}

static bool
case_unicode(struct check_talk *talk, struct check_verdict *verdict)
{
    if (ask_with_text(talk, SPAN(UNICODE), verdict))
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
        return check_skipped(verdict, NO_MEMORY);
    memset(text, 'x', LONG_LINE);
    text[0] = text[LONG_LINE - 1] = '"';
    good = ask_with_text(talk, (struct span){text, LONG_LINE}, verdict);
    free(text);
    return good;
}

// So many requests in one piece of text.
static bool
ask_at_once(struct check_talk *talk, unsigned count, struct check_verdict *verdict)
{
    uint64_t first = talk->next_id;
    char *text = NULL;
    size_t length = 0;
    FILE *out;
    bool good = true;

    if (!check_talk_open(talk, verdict))
        return false;
    out = open_memstream(&text, &length);
    for (unsigned i = 0; out != NULL && i < count; i++) {
        size_t size;
        char *one =
            check_talk_request(talk->next_id++, talk->plan->method, talk->plan->params, &size);

        good = good && one != NULL && fwrite(one, 1, size, out) == size;
        free(one);
    }
    if (out == NULL || fclose(out) != 0 || !good) {
        free(text);
        return check_skipped(verdict, NO_MEMORY);
    }
    return send_text(talk, text, length, verdict) && check_talk_await(talk, first, count, verdict);
}

static bool
case_two_at_once(struct check_talk *talk, struct check_verdict *verdict)
{
    return ask_at_once(talk, 2, verdict);
}

static bool
case_in_flight(struct check_talk *talk, struct check_verdict *verdict)
{
    if (talk->plan->in_flight <= 1)
        return check_skipped(verdict, "only with --in-flight above 1");
    return ask_at_once(talk, talk->plan->in_flight, verdict);
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
    uint64_t id = talk->next_id++;
    struct span params, text;
    bool good;

    if (!check_talk_open(talk, verdict))
        return false;
    params.at = check_params(talk->plan, SPAN(UNICODE), &params.length);
    if (params.at == NULL)
        return check_skipped(verdict, NO_MEMORY);
    text.at = check_talk_request(id, talk->plan->method, params, &text.length);
    good = text.at != NULL ? send_halves(talk, text, verdict) : check_skipped(verdict, NO_MEMORY);
    free((char *)text.at);
    free((char *)params.at);
    return good && check_talk_await(talk, id, 1, verdict);
}

static bool
case_unknown_method(struct check_talk *talk, struct check_verdict *verdict)
{
    uint64_t id = talk->next_id++;
    size_t length;
    char *text;

    if (!check_talk_open(talk, verdict))
        return false;
    text = check_talk_request(id, SPAN("no_such_method"), talk->plan->params, &length);
    if (!send_text(talk, text, length, verdict) || !check_talk_await(talk, id, 1, verdict))
        return false;
    if (talk->answer.kind != CHECK_LINE_ERROR)
        return check_wrong(verdict,
                           "a method that cannot exist got a result; answer with the error "
                           "{\"code\":-32601,\"message\":\"Method not found\"}");
    return true;
}

// What is sent without an id must not be answered: the next answer is that of a request.
static bool
send_unanswered(struct check_talk *talk, char *text, size_t length, struct check_verdict *verdict)
{
    return send_text(talk, text, length, verdict) && ask_plainly(talk, verdict);
}

static bool
case_notification(struct check_talk *talk, struct check_verdict *verdict)
{
    size_t length;
    char *text;

    if (!check_talk_open(talk, verdict))
        return false;
    text = check_talk_notification(talk->plan->method, talk->plan->params, &length);
    if (send_unanswered(talk, text, length, verdict))
        return true;
    check_add(verdict, ". A notification was sent before it; it has no id and is never answered");
    return false;
}

static bool
case_cancel(struct check_talk *talk, struct check_verdict *verdict)
{
    size_t length;
    char *text;

    if (!check_talk_open(talk, verdict))
        return false;
    text = check_talk_notification(SPAN("$/cancelRequest"), SPAN("{\"id\":8000000000000000001}"),
                                   &length);
    if (send_unanswered(talk, text, length, verdict))
        return true;
    check_add(verdict, ". A $/cancelRequest for an id that it does not have was sent before it; it "
                       "is to be ignored");
    return false;
}

static bool
case_blank_lines(struct check_talk *talk, struct check_verdict *verdict)
{
    return check_talk_open(talk, verdict) && check_talk_write(talk, SPAN("\n  \n\r\n"), verdict) &&
           ask_plainly(talk, verdict);
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
    if (talk->answers && !ask_plainly(talk, verdict))
        return false;
    check_process_signal(talk->process, SIGTERM);
    if (check_process_await_end(talk->process, check_talk_deadline(talk), &killed, &number))
        return true;
    return check_wrong(verdict, "it runs on; after kill-delay the daemon kills it");
}

static bool
case_ready(struct check_talk *talk, struct check_verdict *verdict)
{
    if (talk->findings.ready[0] != '\0')
        return check_wrong(verdict, "%s", talk->findings.ready);
    if (!talk->findings.ready_seen)
        return check_skipped(verdict, "it sends none, and only a pool with wait-ready wants it");
    return true;
}

static bool
case_once(struct check_talk *talk, struct check_verdict *verdict)
{
    return talk->findings.stray[0] == '\0' || check_wrong(verdict, "%s", talk->findings.stray);
}

static bool
case_stdout(struct check_talk *talk, struct check_verdict *verdict)
{
    return talk->findings.junk[0] == '\0' || check_wrong(verdict, "%s", talk->findings.junk);
}

// The last three tell what was seen all the time.
static const struct check_case cases[] = {
    {"it starts", CHECK_NEEDS_NOTHING, case_start},
    {"a request is answered at once", CHECK_NEEDS_START, case_answer},
    {"an id of 19 digits comes back", CHECK_NEEDS_ANSWERS, case_large_id},
    {"unicode", CHECK_NEEDS_ANSWERS, case_unicode},
    {"a line of 1 MiB", CHECK_NEEDS_ANSWERS, case_long_line},
    {"two requests in one write", CHECK_NEEDS_ANSWERS, case_two_at_once},
    {"one request in two writes", CHECK_NEEDS_ANSWERS, case_halves},
    {"many requests at once", CHECK_NEEDS_ANSWERS, case_in_flight},
    {"an unknown method gets an error", CHECK_NEEDS_ANSWERS, case_unknown_method},
    {"a notification gets no answer", CHECK_NEEDS_ANSWERS, case_notification},
    {"a cancel of nothing is ignored", CHECK_NEEDS_ANSWERS, case_cancel},
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
