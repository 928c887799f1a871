// bench_bare: what the cores can do when nobody has to talk to anybody. The ideal for the case
// cpu-1ms: WORKERS processes burn side by side, and it prints how many jobs they have done as a
// line of JSON; and the calibration: how many steps take a millisecond.
//
//     bench_bare calibrate
//     bench_bare burn WORKERS STEPS SECONDS
#include "../work.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRIALS    200
#define STEPS     100000
#define CACHELINE 8 // numbers

static double
now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// The shortest of many short runs: whatever else the machine does only makes one longer.
static void
calibrate(void)
{
    double best_s = 1;

    for (uint64_t i = 0; i < TRIALS; i++) {
        double begin_s = now_s();
        volatile uint64_t value = work_burn(i, STEPS);
        double took_s = now_s() - begin_s;
        (void)value;
        best_s = took_s < best_s ? took_s : best_s;
    }
    printf("{\"steps_per_ms\":%.0f}\n", STEPS / best_s / 1e3);
}

static __attribute__((noreturn)) void
burn(volatile uint64_t *jobs, uint64_t steps, double end_s)
{
    uint64_t sum = 0;

    for (; now_s() < end_s; ++*jobs)
        sum += work_burn(*jobs, steps);
    _exit(sum == 1); // never, but the compiler does not know
}

static void
burn_side_by_side(int workers, uint64_t steps, double seconds)
{
    uint64_t *jobs = mmap(NULL, (size_t)workers * CACHELINE * sizeof(*jobs), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct rusage usage;
    uint64_t all = 0;
    int status;

    if (jobs == MAP_FAILED)
        err(1, "mmap");
    double begin_s = now_s();
    for (int i = 0; i < workers; i++)
        if (fork() == 0)
            burn(&jobs[i * CACHELINE], steps, begin_s + seconds);
    for (int i = 0; i < workers; i++)
        if (wait(&status) < 0 || status != 0)
            errx(1, "a worker has failed");
    double took_s = now_s() - begin_s;
    for (int i = 0; i < workers; i++)
        all += jobs[i * CACHELINE];
    getrusage(RUSAGE_CHILDREN, &usage);
    printf("{\"jobs\":%llu,\"seconds\":%.6f,\"all_jobs\":%llu,\"cpu_seconds\":%.6f}\n",
           (unsigned long long)all, took_s, (unsigned long long)all,
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "calibrate") == 0)
        calibrate();
    else if (argc == 5 && strcmp(argv[1], "burn") == 0)
        burn_side_by_side(atoi(argv[2]), strtoull(argv[3], NULL, 10), atof(argv[4]));
    else
        errx(2, "usage: bench_bare calibrate | burn WORKERS STEPS SECONDS");
    return 0;
}
