// See forecast.h.
#include "model/forecast.h"

#include "model/run_time.h"

#include <math.h>
#include <stdio.h>

#define RETRY_MIN_US   INT64_C(100000)
#define RETRY_FRACTION 10
#define DEVIATIONS     2
#define MEAN_SAMPLES   (2 * RUN_TIME_WINDOW) // a moving average is worth so many

int64_t
forecast_wait_us(const struct forecast *forecast)
{
    double mean_us = (double)forecast->mean_us;
    double work_us = (double)forecast->work_us + (double)forecast->running * mean_us;

    if (forecast->work_us == 0 && forecast->running < forecast->slots)
        return 0;
    // The deviation of a sum of n jobs is that of one times the root of n, and n is work / mean.
    // And for long queues it counts more that the mean itself is not known better than it is.
    work_us += DEVIATIONS * sqrt(work_us * mean_us + work_us * work_us / MEAN_SAMPLES);
    return (int64_t)(work_us / forecast->slots);
}

int64_t
forecast_retry_us(const struct forecast *forecast)
{
    int64_t retry_us = forecast->work_us / forecast->slots / RETRY_FRACTION;

    if (retry_us < RETRY_MIN_US)
        return RETRY_MIN_US;
    return retry_us < FORECAST_RETRY_MAX_US ? retry_us : FORECAST_RETRY_MAX_US;
}

const char *
forecast_text(int64_t wait_us, char text[FORECAST_TEXT_MAX])
{
    if (wait_us == FORECAST_UNKNOWN_US)
        snprintf(text, FORECAST_TEXT_MAX, "null");
    else
        snprintf(text, FORECAST_TEXT_MAX, "%.3f", (double)wait_us / 1e6);
    return text;
}
