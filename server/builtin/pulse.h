// A long job lets the worker look up from time to time: at what it has to say and what was sent to
// it meanwhile.
#ifndef OFFLOAD_BUILTIN_PULSE_H
#define OFFLOAD_BUILTIN_PULSE_H

#include <stddef.h>

struct pulse {
    void (*beat)(void *context); // a job's params are gone after it
    void *context;
};

// `pulse` NULL: nobody wants to look.
static inline void
pulse_beat(const struct pulse *pulse)
{
    if (pulse != NULL)
        pulse->beat(pulse->context);
}

#endif
