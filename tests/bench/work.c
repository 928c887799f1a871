// What the jobs of the benchmark do: see work.h. It must not know how params and answers travel.
#include "work.h"

#include "digits.h"

#include <err.h>
#include <stdlib.h>

#define SLEEP_ANSWER   "\"Operation completed after 1 seconds\""
#define COMMAND_ANSWER "{\"exit_code\":0,\"stdout\":\"\",\"stderr\":\"\"}"

uint64_t
work_burn(uint64_t number, uint64_t steps)
{
    uint64_t value = number % WORK_SEEDS + 1;

    for (uint64_t i = 0; i < steps; i++)
        value = value * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return value;
}

const char *
work_answer(bool burn, const char *params, size_t length, char *scratch, size_t *ret_length)
{
    const char *at = params + 1, *end = params + length;
    uint64_t number, steps;
    char *to = scratch;

    *ret_length = length;
    if (!burn)
        return params;
    if (length < 5 || !digits_read(&at, end, &number) || at == end || *at++ != ',' ||
        !digits_read(&at, end, &steps))
        return NULL;
    *to++ = '[';
    to = digits_write(to, number);
    *to++ = ',';
    to = digits_write(to, work_burn(number, steps));
    *to++ = ']';
    *ret_length = (size_t)(to - scratch);
    return scratch;
}

bool
work_by_name(struct work *work, const char *name)
{
    static const char *const names[] = {"echo", "burn", "sleep", "command"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0) {
            work->kind = (enum work_kind)i;
            return true;
        }
    return false;
}

void
work_prepare(struct work *work)
{
    static const char text[] = "The quick brown fox jumps over the lazy dog. ";

    if (work->kind == WORK_BURN)
        for (uint64_t seed = 0; seed < WORK_SEEDS; seed++)
            work->results[seed] = work_burn(seed, work->steps);
    if (work->size == 0)
        return;
    work->padding = malloc(work->size);
    if (work->padding == NULL)
        err(1, "the params");
    for (size_t i = 0; i < work->size; i++)
        work->padding[i] = text[i % (sizeof(text) - 1)];
}

size_t
work_params_max(const struct work *work)
{
    return work->size + 2 * DIGITS_MAX + 8;
}

char *
work_params(const struct work *work, uint64_t number, char *at)
{
    char *begin = at;

    if (work->kind == WORK_SLEEP)
        return memcpy(at, "[1]", 3), at + 3;
    if (work->kind == WORK_COMMAND)
        return memcpy(at, "[]", 2), at + 2;
    *at++ = '[';
    if (work->size > 0)
        *at++ = '"';
    at = digits_write(at, number);
    if (work->kind == WORK_BURN) {
        *at++ = ',';
        at = digits_write(at, work->steps);
    }
    if (work->size > 0) {
        size_t rest = work->size - (size_t)(at - begin - 2); // the string has `size` bytes
        memcpy(at, work->padding, rest);
        at += rest;
        *at++ = '"';
    }
    *at++ = ']';
    return at;
}

static bool
equals(const char *answer, size_t length, const char *text, size_t text_length)
{
    return length == text_length && memcmp(answer, text, length) == 0;
}

static bool
right_string(const struct work *work, uint64_t number, const char *answer, size_t length)
{
    char head[DIGITS_MAX + 2] = "[\"";
    size_t used = (size_t)(digits_write(head + 2, number) - head), rest = work->size - (used - 2);

    return length == used + rest + 2 && memcmp(answer, head, used) == 0 &&
           memcmp(answer + used, work->padding, rest) == 0 &&
           memcmp(answer + used + rest, "\"]", 2) == 0;
}

bool
work_right(const struct work *work, uint64_t number, const char *answer, size_t length)
{
    char text[WORK_ANSWER_MAX] = "[", *at;

    if (work->kind == WORK_SLEEP)
        return equals(answer, length, SLEEP_ANSWER, sizeof(SLEEP_ANSWER) - 1);
    if (work->kind == WORK_COMMAND)
        return equals(answer, length, COMMAND_ANSWER, sizeof(COMMAND_ANSWER) - 1);
    if (work->size > 0)
        return right_string(work, number, answer, length);
    at = digits_write(text + 1, number);
    if (work->kind == WORK_BURN) {
        *at++ = ',';
        at = digits_write(at, work->results[number % WORK_SEEDS]);
    }
    *at++ = ']';
    return equals(answer, length, text, (size_t)(at - text));
}

bool
work_number(const char *answer, size_t length, uint64_t *ret_number)
{
    const char *at = answer, *end = answer + length;

    if (at == end || *at++ != '[')
        return false;
    if (at < end && *at == '"')
        at++;
    return digits_read(&at, end, ret_number);
}
