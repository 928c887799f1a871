// See deadline.h.
#include "deadline.h"

#include "common/clock.h"

#include <stdlib.h>
#include <time.h>

double
deadline_slowness(void)
{
    const char *text = getenv("OFFLOAD_TEST_SLOW");
    double slowness = text == NULL ? 1 : strtod(text, NULL);

    return slowness < 1 ? 1 : slowness;
}

int64_t
deadline_in(double seconds)
{
    return clock_us() + (int64_t)(seconds * deadline_slowness() * 1e6);
}

bool
deadline_passed(int64_t deadline_us)
{
    return clock_us() >= deadline_us;
}

int
deadline_left_ms(int64_t deadline_us)
{
    int64_t left_us = deadline_us - clock_us();

    return left_us <= 0 ? 0 : (int)((left_us + 999) / 1000);
}

void
deadline_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}
