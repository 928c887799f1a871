// bench_worker_gearman: a worker of gearmand, with libgearman.
//
//     bench_worker_gearman PORT METHOD echo|burn
#include "../work.h"

#include <err.h>
#include <libgearman/gearman.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

static gearman_return_t
run(gearman_job_st *job, void *burn)
{
    char scratch[WORK_ANSWER_MAX];
    size_t length;
    const char *answer = work_answer(burn != NULL, gearman_job_workload(job),
                                     gearman_job_workload_size(job), scratch, &length);

    if (answer == NULL)
        return GEARMAN_FATAL;
    return gearman_failed(gearman_job_send_complete(job, answer, length)) ? GEARMAN_ERROR
                                                                          : GEARMAN_SUCCESS;
}

int
main(int argc, char **argv)
{
    if (argc != 4)
        errx(2, "usage: bench_worker_gearman PORT METHOD echo|burn");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    gearman_worker_st *worker = gearman_worker_create(NULL);
    void *burn = strcmp(argv[3], "burn") == 0 ? worker : NULL;
    if (worker == NULL ||
        gearman_failed(gearman_worker_add_server(worker, "127.0.0.1", (in_port_t)atoi(argv[1]))) ||
        gearman_failed(gearman_worker_define_function(worker, argv[2], strlen(argv[2]),
                                                      gearman_function_create(run), 0, burn)) ||
        gearman_failed(gearman_worker_echo(worker, "hello", 5)))
        errx(1, "gearman: %s", worker == NULL ? "no memory" : gearman_worker_error(worker));
    puts("ready");
    fflush(stdout);
    while (!gearman_failed(gearman_worker_work(worker)))
        ;
    errx(1, "gearman: %s", gearman_worker_error(worker));
}
