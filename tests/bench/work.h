// What the jobs of the benchmark do, for both sides: the worker's, which does it, and the client's,
// which knows what must come out. Every system does exactly the same work on exactly the same
// texts.
//
//     echo     [N], or with a size ["N ...padding..."]: comes back as it is
//     burn     [N,STEPS]: a dependent chain of multiplications; comes back as [N,RESULT]
//     sleep    [1]: one second, offload's own answer
//     command  no params: /bin/true, offload's own answer
//
// N is the number of the job, so that every answer is the answer to one job only.
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORK_ANSWER_MAX 64 // of burn
#define WORK_SEEDS      16 // burn has so many different results, N modulo this

enum work_kind { WORK_ECHO, WORK_BURN, WORK_SLEEP, WORK_COMMAND };

struct work {
    enum work_kind kind;
    uint64_t steps; // of burn
    size_t size;    // of an echoed string; 0: [N]
    char *padding;  // `size` bytes
    uint64_t results[WORK_SEEDS];
};

// The chain: each step waits for the one before it, so that its time hardly depends on what the
// other thread of the core does.
uint64_t work_burn(uint64_t number, uint64_t steps);

// The worker's side. What is to be answered to these params: the params themselves, or a text in
// `scratch`, which has room for WORK_ANSWER_MAX bytes. NULL: these are no params of a burn.
const char *
work_answer(bool burn, const char *params, size_t length, char *scratch, size_t *ret_length);

// The client's side. By its name (true: it is one), and then with steps and size set.
bool work_by_name(struct work *work, const char *name);
void work_prepare(struct work *work);
// How many bytes params may have.
size_t work_params_max(const struct work *work);
// Writes the params of that job; the end of what was written.
char *work_params(const struct work *work, uint64_t number, char *at);
// Whether this is the answer to that job.
bool work_right(const struct work *work, uint64_t number, const char *answer, size_t length);
// Which job an answer says that it is of; false if none.
bool work_number(const char *answer, size_t length, uint64_t *ret_number);

#endif
