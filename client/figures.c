// See figures.h. Each limit lies where rounding would give a figure too many.
#include "client/figures.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define MINUTE_S  60
#define HOUR_S    (60 * MINUTE_S)
#define DAY_S     (24 * HOUR_S)
#define LARGEST_S (9999.0 * DAY_S)

// False if there is nothing to show but that.
static bool
is_known(double value, char into[FIGURE_MAX])
{
    if (value >= 0 && isfinite(value))
        return true;
    snprintf(into, FIGURE_MAX, "-");
    return false;
}

static void
short_time(double seconds, char into[FIGURE_MAX])
{
    if (seconds < 0.0009995)
        snprintf(into, FIGURE_MAX, "%.0fus", seconds * 1e6);
    else if (seconds < 0.9995)
        snprintf(into, FIGURE_MAX, seconds < 0.00995 ? "%.1fms" : "%.0fms", seconds * 1e3);
    else
        snprintf(into, FIGURE_MAX, seconds < 9.95 ? "%.1fs" : "%.0fs", seconds);
}

static void
long_time(double seconds, char into[FIGURE_MAX])
{
    long whole = (long)(seconds < LARGEST_S ? seconds : LARGEST_S);

    if (whole < HOUR_S)
        snprintf(into, FIGURE_MAX, "%ldm%02lds", whole / MINUTE_S, whole % MINUTE_S);
    else if (whole < DAY_S)
        snprintf(into, FIGURE_MAX, "%ldh%02ldm", whole / HOUR_S, whole % HOUR_S / MINUTE_S);
    else if (whole < 100 * DAY_S)
        snprintf(into, FIGURE_MAX, "%ldd%02ldh", whole / DAY_S, whole % DAY_S / HOUR_S);
    else
        snprintf(into, FIGURE_MAX, "%ldd", whole / DAY_S);
}

void
figure_time(double seconds, char into[FIGURE_MAX])
{
    if (!is_known(seconds, into))
        return;
    if (seconds < MINUTE_S - 0.5)
        short_time(seconds, into);
    else
        long_time(seconds < MINUTE_S ? MINUTE_S : seconds, into);
}

// With the largest unit that leaves at least 1 before it, and three figures at most behind `plain`.
static void
scaled(double value, double base, const char *units, double plain, char into[FIGURE_MAX])
{
    size_t unit = 0;

    if (value < plain) {
        snprintf(into, FIGURE_MAX, "%.0f", value);
        return;
    }
    value /= base;
    while (value >= base - 0.5 && units[unit + 1] != '\0') {
        value /= base;
        unit++;
    }
    snprintf(into, FIGURE_MAX, value < 9.95 ? "%.1f%c" : "%.0f%c", value < 1e6 ? value : 1e6,
             units[unit]);
}

void
figure_bytes(double bytes, char into[FIGURE_MAX])
{
    if (is_known(bytes, into))
        scaled(bytes, 1024, "KMGTP", 1023.5, into);
}

void
figure_count(double count, char into[FIGURE_MAX])
{
    if (is_known(count, into))
        scaled(count, 1000, "kMGTP", 99999.5, into);
}

void
figure_rate(double rate, char into[FIGURE_MAX])
{
    if (!is_known(rate, into))
        return;
    if (rate < 99.95)
        snprintf(into, FIGURE_MAX, "%.1f", rate);
    else
        scaled(rate, 1000, "kMGTP", 99999.5, into);
}

void
figure_whole(double number, char into[FIGURE_MAX])
{
    if (is_known(number, into))
        snprintf(into, FIGURE_MAX, "%.0f", number < 1e15 ? number : 1e15 - 1);
}

void
figure_share(double percent, char into[FIGURE_MAX])
{
    if (is_known(percent, into))
        snprintf(into, FIGURE_MAX, percent < 99.95 ? "%.1f" : "%.0f",
                 percent < 1e9 ? percent : 1e9);
}
