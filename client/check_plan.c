// See check_plan.h.
#include "client/check_plan.h"

#include "client/params.h"
#include "client/report.h"
#include "common/errors.h"
#include "common/message.h"
#include "common/units.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define METHOD         "echo"
#define TIMEOUT_US     5000000
#define TIMEOUT_MAX_US ((int64_t)3600 * 1000000)

struct words {
    const char *const *next;
    const char *const *end;
};

static int
refuse(const char *what, const char *word)
{
    report_problem("%s '%s'; see 'offload check-worker --help'", what, word);
    return EXIT_STATUS_USAGE;
}

static int
refuse_json(char *problem)
{
    report_problem("%s", problem != NULL ? problem : "out of memory");
    free(problem);
    return EXIT_STATUS_USAGE;
}

static int
take_params(struct check_plan *plan, const char *text)
{
    char *problem = NULL;

    free((char *)plan->params.at);
    plan->params.at = params_from_json(span_of(text), &plan->params.length, &problem);
    return plan->params.at != NULL ? 0 : refuse_json(problem);
}

// Requests are put together with the inside of the name's JSON string.
static int
take_method(struct check_plan *plan, const char *text)
{
    char *problem = NULL;
    size_t length;
    char *name = params_method(span_of(text), &length, &problem);
    char *quoted;

    if (name == NULL)
        return refuse_json(problem);
    quoted = message_quote((struct span){name, length}, &length);
    free(name);
    if (quoted == NULL)
        return refuse_json(NULL);
    memmove(quoted, quoted + 1, length - 2);
    free((char *)plan->method.at);
    plan->method = (struct span){quoted, length - 2};
    return 0;
}

static int
take_timeout(struct check_plan *plan, const char *text)
{
    if (!units_parse_time(text, &plan->timeout_us) || plan->timeout_us <= 0 ||
        plan->timeout_us > TIMEOUT_MAX_US)
        return refuse("--timeout takes seconds up to 3600, not", text);
    return 0;
}

static int
take_in_flight(struct check_plan *plan, const char *text)
{
    uint64_t number;

    if (!units_parse_number(text, 1, CHECK_PLAN_IN_FLIGHT_MAX, &number))
        return refuse("--in-flight takes a whole number from 1 to 1024, not", text);
    plan->in_flight = (unsigned)number;
    return 0;
}

static const struct {
    const char *name;
    int (*take)(struct check_plan *plan, const char *text);
} takers[] = {
    {"--method", take_method},
    {"--timeout", take_timeout},
    {"--in-flight", take_in_flight},
};
#define TAKER_COUNT (sizeof(takers) / sizeof(takers[0]))

// The option's value: behind '=' or the next word. NULL if there is none.
static const char *
value_of(const char *word, size_t name_length, struct words *words)
{
    if (word[name_length] == '=')
        return word + name_length + 1;
    return words->next < words->end ? *words->next++ : NULL;
}

// One option, whose word has been taken already.
static int
take_option(struct check_plan *plan, const char *word, struct words *words)
{
    size_t length = strcspn(word, "=");

    for (size_t i = 0; i < TAKER_COUNT; i++) {
        const char *value;
        int status;

        if (strlen(takers[i].name) != length || strncmp(takers[i].name, word, length) != 0)
            continue;
        value = value_of(word, length, words);
        if (value == NULL)
            return refuse("a value is missing after", word);
        status = takers[i].take(plan, value);
        if (status == 0 && takers[i].take == take_method && words->next < words->end &&
            params_is_json(span_of(*words->next)))
            status = take_params(plan, *words->next++);
        return status;
    }
    return refuse("unknown option", word);
}

static int
take_program(struct check_plan *plan, const struct words *words)
{
    size_t count = (size_t)(words->end - words->next);

    if (count == 0 || words->next[0][0] == '\0') {
        report_problem("which program? see 'offload check-worker --help'");
        return EXIT_STATUS_USAGE;
    }
    plan->argv = calloc(count + 1, sizeof(char *));
    if (plan->argv == NULL)
        return report_no_memory();
    memcpy(plan->argv, words->next, count * sizeof(char *));
    return 0;
}

int
check_plan_parse(const char *const *words, size_t count, unsigned in_flight, struct check_plan *ret)
{
    struct words rest = {words, words + count};
    struct check_plan plan = {.timeout_us = TIMEOUT_US, .in_flight = in_flight};
    int status = take_method(&plan, METHOD);

    if (status == 0 && in_flight > CHECK_PLAN_IN_FLIGHT_MAX)
        status = refuse("--in-flight takes a whole number from 1 to", "1024");
    while (status == 0 && rest.next < rest.end && rest.next[0][0] == '-') {
        const char *word = *rest.next++;

        if (strcmp(word, "--") != 0)
            status = take_option(&plan, word, &rest);
    }
    if (status == 0)
        status = take_program(&plan, &rest);
    if (status == 0)
        *ret = plan;
    else
        check_plan_done(&plan);
    return status;
}

void
check_plan_done(struct check_plan *plan)
{
    free((char *)plan->method.at);
    free((char *)plan->params.at);
    free(plan->argv);
    *plan = (struct check_plan){0};
}
