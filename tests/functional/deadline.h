// Points in time until which a test waits for a condition. Every length is multiplied by
// OFFLOAD_TEST_SLOW (1 by default), so that the same tests run under valgrind.
#ifndef OFFLOAD_TESTS_DEADLINE_H
#define OFFLOAD_TESTS_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

// How long anything that must happen may take, in seconds: long, because only a failing test waits.
#define PATIENCE 30.0

double deadline_slowness(void);

// A deadline in microseconds of the monotonic clock, `seconds` times the slowness from now.
int64_t deadline_in(double seconds);
bool deadline_passed(int64_t deadline_us);
// For poll(2): what is left, at least 0, rounded up.
int deadline_left_ms(int64_t deadline_us);

// The pause between two looks at a condition that nobody announces.
void deadline_pause(void);

#endif
