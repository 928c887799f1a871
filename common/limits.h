// The bounds that keep one peer from hurting the others, and their defaults. Every one of them has
// a key of the same name (with '-') in the [server] section, and is named in the error that it
// causes.
#ifndef OFFLOAD_COMMON_LIMITS_H
#define OFFLOAD_COMMON_LIMITS_H

#include <stddef.h>

#define LIMIT_LINE_MAX         ((size_t)4 << 20)   // bytes of one line, its ending not counted
#define LIMIT_DEPTH_MAX        64u                 // nested arrays and objects of one line
#define LIMIT_BATCH_MAX        1024u               // elements of one batch
#define LIMIT_GATHER_MAX       100000u             // calls of one gather, items of one map
#define LIMIT_GATHER_DEPTH_MAX 8u                  // gathers and maps within each other
#define LIMIT_IN_FLIGHT_MAX    1024u               // unanswered requests of one session
#define LIMIT_SESSIONS_MAX     1024u               // connections
#define LIMIT_QUEUE_MAX        100000u             // jobs that wait, over all pools
#define LIMIT_QUEUE_MEMORY_MAX ((size_t)256 << 20) // bytes of params that all jobs hold
#define LIMIT_OUTPUT_MAX       ((size_t)8 << 20) // unsent bytes of one session before it is not read
#define LIMIT_WRITE_TIMEOUT_MS 60000             // a peer that takes nothing for so long is closed
#define LIMIT_LINE_TIMEOUT_MS  60000 // a peer that pauses in a line for so long is not read any more

struct limits {
    size_t line_max;
    unsigned depth_max;
    unsigned batch_max;
    unsigned gather_max;
    unsigned gather_depth_max;
    unsigned in_flight_max;
    unsigned sessions_max;
    unsigned queue_max;
    size_t queue_memory_max;
    size_t output_max;
};

#define LIMITS_DEFAULT                                           \
    ((struct limits){.line_max = LIMIT_LINE_MAX,                 \
                     .depth_max = LIMIT_DEPTH_MAX,               \
                     .batch_max = LIMIT_BATCH_MAX,               \
                     .gather_max = LIMIT_GATHER_MAX,             \
                     .gather_depth_max = LIMIT_GATHER_DEPTH_MAX, \
                     .in_flight_max = LIMIT_IN_FLIGHT_MAX,       \
                     .sessions_max = LIMIT_SESSIONS_MAX,         \
                     .queue_max = LIMIT_QUEUE_MAX,               \
                     .queue_memory_max = LIMIT_QUEUE_MEMORY_MAX, \
                     .output_max = LIMIT_OUTPUT_MAX})

#endif
