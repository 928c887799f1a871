// A load: lanes (clients, a connection or two each) that keep jobs in flight, over an event loop.
//
//     load_run > lane: protocol->put > wire ~~~ system ~~~ wire > protocol->take > load_answer >
//     tally
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "tally.h"
#include "wire.h"

struct lane;

// How jobs and answers look on the wire. Each file protocol_*.c has one or a few.
struct protocol {
    const char *name;
    // Says what comes before the first job; may be NULL.
    void (*hello)(struct lane *lane);
    // Puts jobs on the lane: tally_send gives each its number.
    void (*put)(struct lane *lane, size_t count);
    // Takes one message from what this wire has got: how many bytes it was long, 0 if it is not
    // whole yet. Answers go to load_answer.
    size_t (*take)(struct lane *lane, struct wire *wire);
    // With more than one in flight answers come by a connection of their own, since waiting for an
    // answer would hold up the commands behind it.
    bool apart;
};

struct settings {
    const struct protocol *protocol;
    const char *method; // of the systems that have methods
    struct work work;
    int port;
    unsigned lanes;
    size_t window; // jobs in flight of each lane
    bool batch;    // send `window` jobs when all before are answered, not one for one
    double warm_up_s;
    uint64_t warm_up_jobs; // and until so many are answered
    double seconds;        // to measure
    uint64_t jobs;         // if not 0: so many, without warming up and whatever time they take
    double stall_s;        // without any answer for so long something is wrong
    double wait_s;         // for somebody to listen
};

struct lane {
    struct load *load;
    unsigned number;
    size_t in_flight;
    size_t scanned; // for the protocol: how much of the message that is not whole it has seen
    uint64_t tag;   // for the protocol: the first job of a batch, or what it likes
    bool apart;
    struct wire wires[2]; // jobs go out on the first; answers come on the second if they are apart
};

struct load {
    const struct settings *settings;
    struct tally tally;
    struct lane *lanes;
    char *params; // room for those of one job
    int epoll;
    bool closing; // no more jobs are sent
};

struct outcome {
    uint64_t jobs; // in the measured time
    double seconds;
    uint64_t all_jobs;
    double p50_us; // one in flight only
    double p99_us;
    double answered_at_s; // the last one, on the monotonic clock
};

struct outcome load_run(const struct settings *settings);

// For protocols. The params of a job, as text that lasts until the next call.
const char *load_params(struct load *load, uint64_t number, size_t *ret_length);
// Counts a job as under way on this lane; its number.
uint64_t lane_send(struct lane *lane);
// An answer, whose job's number the protocol knows, or whose text has it.
void lane_answer(struct lane *lane, uint64_t number, const char *answer, size_t length);
void lane_answer_unnumbered(struct lane *lane, const char *answer, size_t length);
// The length of the line at the start of what came, with its end, or 0. `lane->scanned` remembers
// how far it has looked.
size_t lane_line(struct lane *lane, const struct wire *wire);
// What came makes no sense.
__attribute__((noreturn)) void lane_broken(const struct wire *wire, const char *why);

#endif
