// See bench_plot.h.
#include "client/bench_plot.h"

#include <math.h>
#include <string.h>

#define PLOT_WIDTH 40   // columns from PLOT_LEAST to PLOT_MOST
#define PLOT_LEAST 0.05 // times as fast as doing it here
#define PLOT_MOST  20.0

static double
gain(const struct bench_point *point)
{
    return point->offloaded / point->here;
}

// Between two lengths the gain is taken to be a power of the length.
static double
between(const struct bench_point *low, const struct bench_point *high)
{
    double share = log(1 / gain(low)) / log(gain(high) / gain(low));

    return exp(log(low->length_us) + share * log(high->length_us / low->length_us));
}

double
bench_crossover_us(const struct bench_point *points, size_t count)
{
    size_t i = count;

    // From the end, so that noise among short jobs does not decide.
    while (i > 0 && gain(&points[i - 1]) >= 1)
        i--;
    if (i == count)
        return -1;
    return i == 0 ? 0 : between(&points[i - 1], &points[i]);
}

static void
format_length(double us, char text[16])
{
    if (us < 1000)
        snprintf(text, 16, us < 10 ? "%.1f us" : "%.0f us", us);
    else
        snprintf(text, 16, us < 10000 ? "%.1f ms" : "%.0f ms", us / 1000);
}

static int
column(double factor)
{
    double place = log(factor / PLOT_LEAST) / log(PLOT_MOST / PLOT_LEAST) * PLOT_WIDTH;

    if (place < 0)
        return 0;
    return place > PLOT_WIDTH - 1 ? PLOT_WIDTH - 1 : (int)place;
}

// A bar from the middle, which stands for "as fast as here".
static void
draw_bar(double factor, char bar[PLOT_WIDTH + 1])
{
    int middle = column(1);
    int end = column(factor);
    int from = end < middle ? end : middle;
    int to = end < middle ? middle : end;

    memset(bar, ' ', PLOT_WIDTH);
    memset(bar + from, end < middle ? '-' : '#', (size_t)(to - from));
    bar[middle] = '|';
    bar[PLOT_WIDTH] = '\0';
}

static void
print_points(FILE *out, const struct bench_report *report)
{
    fprintf(out, "\n%10s %14s %14s   %-*s\n", "a job of", "done here", "offloaded", PLOT_WIDTH,
            "times as fast");
    for (size_t i = 0; i < report->point_count; i++) {
        const struct bench_point *point = &report->points[i];
        char bar[PLOT_WIDTH + 1];
        char length[16];

        format_length(point->length_us, length);
        draw_bar(gain(point), bar);
        fprintf(out, "%10s %12.0f/s %12.0f/s   %s %.2f\n", length, point->here, point->offloaded,
                bar, gain(point));
    }
}

static void
print_crossover(FILE *out, const struct bench_report *report)
{
    double crossover_us = bench_crossover_us(report->points, report->point_count);
    char length[16];

    if (crossover_us < 0) {
        format_length(report->points[report->point_count - 1].length_us, length);
        fprintf(out, "\nUp to %s a job is done faster here, one after the other.\n", length);
    } else if (crossover_us == 0) {
        format_length(report->points[0].length_us, length);
        fprintf(out, "\nFrom %s on, and maybe below, the workers are faster.\n", length);
    } else {
        format_length(crossover_us, length);
        fprintf(out, "\nFrom about %s on the workers are faster than doing it here.\n", length);
    }
}

void
bench_print(FILE *out, const struct bench_report *report)
{
    fprintf(out, "%s\n", report->address);
    fprintf(out,
            "one at a time     %10.0f jobs/s   a round takes %.1f us, 1 in 100 above %.1f us\n",
            report->alone.per_second, report->alone.median_us, report->alone.p99_us);
    fprintf(out, "%4u at once      %10.0f jobs/s   %.2f us each\n", report->at_once,
            report->together.per_second, 1e6 / report->together.per_second);
    print_points(out, report);
    print_crossover(out, report);
}

static void
print_times_json(FILE *out, const char *name, const struct bench_times *times)
{
    fprintf(out, "\"%s\":{\"jobs\":%llu,\"per_second\":%.1f,\"median_us\":%.2f,\"p99_us\":%.2f},",
            name, (unsigned long long)times->jobs, times->per_second, times->median_us,
            times->p99_us);
}

void
bench_print_json(FILE *out, const struct bench_report *report)
{
    double crossover_us = bench_crossover_us(report->points, report->point_count);

    fputc('{', out);
    print_times_json(out, "one_at_a_time", &report->alone);
    print_times_json(out, "at_once", &report->together);
    fprintf(out, "\"in_flight\":%u,\"points\":[", report->at_once);
    for (size_t i = 0; i < report->point_count; i++)
        fprintf(out, "%s{\"length_us\":%.3f,\"here\":%.1f,\"offloaded\":%.1f}", i > 0 ? "," : "",
                report->points[i].length_us, report->points[i].here, report->points[i].offloaded);
    fputs("],\"crossover_us\":", out);
    if (crossover_us < 0)
        fputs("null}\n", out);
    else
        fprintf(out, "%.3f}\n", crossover_us);
}
