// Chance for property tests: a seed that is printed, and can be given again as OFFLOAD_TEST_SEED.
#ifndef OFFLOAD_TESTS_UNIT_MODEL_CHANCE_H
#define OFFLOAD_TESTS_UNIT_MODEL_CHANCE_H

#include "common/clock.h"

#include <stdlib.h>

static inline unsigned
chance_seed(void)
{
    const char *given = getenv("OFFLOAD_TEST_SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)clock_us();

    print_message("OFFLOAD_TEST_SEED=%u\n", seed);
    return seed;
}

// From 0 to below - 1.
static inline unsigned
chance(unsigned *seed, unsigned below)
{
    return (unsigned)rand_r(seed) % below;
}

#endif
