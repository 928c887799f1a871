// The books of a load: which jobs are under way, whether each answer is right, how many there were
// and how long each took. A wrong answer, one too many and one to nobody end the program.
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H

#include "../work.h"

struct slot;

struct tally {
    const struct work *work;
    struct slot *slots; // a ring, by the job's number
    size_t size;        // a power of two
    uint64_t next;      // number of the next job
    uint64_t answered;
    bool timed;      // keep the latencies
    uint64_t now_ns; // of a job that is sent
    uint32_t *latencies_ns;
    size_t latencies;
    size_t latencies_size;
};

void tally_init(struct tally *tally, const struct work *work, size_t under_way_max, bool timed);
void tally_done(struct tally *tally);
// Whether `count` jobs more may be sent (a job that is overtaken by too many others holds up the
// ring).
bool tally_has_room(const struct tally *tally, size_t count);
// A job of this lane is sent; its number.
uint64_t tally_send(struct tally *tally, unsigned lane);
// Its answer has come.
void tally_answer(struct tally *tally, unsigned lane, uint64_t number, const char *answer,
                  size_t length);
// The latency below which this share of all lies.
double tally_percentile_us(struct tally *tally, double share);

uint64_t clock_ns(void);

#endif
