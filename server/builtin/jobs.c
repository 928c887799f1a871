// See jobs.h.
#include "builtin/jobs.h"

#include "common/arguments.h"
#include "common/sum_squares.h"

static void
run_echo(struct span params, const struct pulse *pulse, struct job_answer *answer)
{
    (void)pulse;
    answer->body = span_present(params) ? params : SPAN("null");
}

// Steps between two beats: some 20 microseconds.
#define STEPS ((unsigned long long)1 << 15)

static unsigned __int128
sum_squares_with_pulse(unsigned long long n, const struct pulse *pulse)
{
    unsigned __int128 sum = 0;

    for (unsigned long long from = 0; from < n; from += STEPS) {
        if (from > 0)
            pulse_beat(pulse);
        sum = sum_squares(from, n - from < STEPS ? n : from + STEPS, sum);
    }
    return sum;
}

static void
run_sum_squares(struct span params, const struct pulse *pulse, struct job_answer *answer)
{
    static const struct argument n_argument = {
        .name = "n", .expected = "a whole number from 0 to 4398046511104"};
    struct argument_fault fault;
    unsigned long long n;
    enum json_kind kind;
    struct span value;
    size_t length = 0;

    if (!argument_find(&n_argument, params, &value, &kind, &fault) ||
        !argument_whole_number(&n_argument, kind, value, SUM_SQUARES_MAX, &n, &fault)) {
        char *error = argument_error(&n_argument, &fault, &length);

        job_answer_error(answer, error, length);
        return;
    }
    length = format_u128(sum_squares_with_pulse(n, pulse), answer->text);
    answer->body = (struct span){.at = answer->text, .length = length};
}

static const struct {
    const char *name;
    void (*run)(struct span params, const struct pulse *pulse, struct job_answer *answer);
} methods[] = {
    {"echo", run_echo},
    {"sum_squares", run_sum_squares},
};

void
jobs_run(struct span method, struct span params, const struct pulse *pulse,
         struct job_answer *ret_answer)
{
    *ret_answer = (struct job_answer){0};
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (span_is(method, methods[i].name)) {
            methods[i].run(params, pulse, ret_answer);
            return;
        }
    }
    job_answer_no_method(ret_answer, method);
}
