// bench_spawn: the ceiling of the case commands: runs a program so many times, so many at once,
// with nothing around it but posix_spawn(3) and waitpid(2), and prints how long it took as a line
// of JSON.
//
//     bench_spawn JOBS SLOTS PROGRAM
#include <err.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static double
now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double
cpu_s(int who)
{
    struct rusage usage;

    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
spawn(char *program)
{
    char *arguments[] = {program, NULL}, *environment[] = {NULL};

    if (posix_spawn(NULL, program, NULL, NULL, arguments, environment) != 0)
        errx(1, "cannot run %s", program);
}

int
main(int argc, char **argv)
{
    int jobs = argc == 4 ? atoi(argv[1]) : 0, slots = argc == 4 ? atoi(argv[2]) : 0, status;

    if (jobs < 1 || slots < 1)
        errx(2, "usage: bench_spawn JOBS SLOTS PROGRAM");
    double begin_s = now_s();
    for (int started = 0, ended = 0; ended < jobs; ended++) {
        for (; started < jobs && started - ended < slots; started++)
            spawn(argv[3]);
        if (wait(&status) < 0 || status != 0)
            errx(1, "a run of %s has failed", argv[3]);
    }
    printf("{\"jobs\":%d,\"seconds\":%.6f,\"all_jobs\":%d,\"cpu_seconds\":%.6f}\n", jobs,
           now_s() - begin_s, jobs, cpu_s(RUSAGE_SELF) + cpu_s(RUSAGE_CHILDREN));
    return 0;
}
