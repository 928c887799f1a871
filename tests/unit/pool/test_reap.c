// Reap: the end of every watched child is told once, its group goes with it, others are nobody's.
#include "pool/reap.h"
#include "tests/unit/loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 50

struct child {
    struct reap_watch watch;
    int ended;
    int status;
};

static void
ended_cb(void *context, int status, const struct rusage *usage)
{
    struct child *child = context;

    assert_non_null(usage);
    child->ended++;
    child->status = status;
}

// A child, leader of its own group, that exits with the status (or waits for its death if
// negative).
static pid_t
start(int status)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        setpgid(0, 0);
        while (status < 0)
            pause();
        _exit(status);
    }
    setpgid(pid, pid);
    return pid;
}

static void
watch(struct reaper *reaper, struct child *child, pid_t pid)
{
    *child = (struct child){.watch = {.pid = pid, .ended = ended_cb, .context = child}};
    reaper_watch(reaper, &child->watch);
}

static void
test_exit_and_signal(void **state)
{
    struct child children[2];
    struct reaper *reaper;
    struct loop loop;

    (void)state;
    loop_open(&loop);
    reaper = reaper_new(loop.base);
    watch(reaper, &children[0], start(7));
    watch(reaper, &children[1], start(-1));
    LOOP_UNTIL(&loop, children[0].ended);
    assert_true(WIFEXITED(children[0].status) && WEXITSTATUS(children[0].status) == 7);
    assert_int_equal(children[1].ended, 0);
    kill(children[1].watch.pid, SIGUSR1);
    LOOP_UNTIL(&loop, children[1].ended);
    assert_true(WIFSIGNALED(children[1].status) && WTERMSIG(children[1].status) == SIGUSR1);
    loop_settle(&loop);
    assert_int_equal(children[0].ended + children[1].ended, 2);
    reaper_free(reaper);
    loop_close(&loop);
}

// Many ends, one SIGCHLD: all have ended before the loop looks.
static void
test_merged_signals(void **state)
{
    static struct child children[CHILDREN];
    struct reaper *reaper;
    struct loop loop;

    (void)state;
    loop_open(&loop);
    reaper = reaper_new(loop.base);
    for (int i = 0; i < CHILDREN; i++) {
        siginfo_t info;

        watch(reaper, &children[i], start(i));
        assert_int_equal(waitid(P_PID, (id_t)children[i].watch.pid, &info, WEXITED | WNOWAIT), 0);
    }
    loop_turn(&loop);
    loop_turn(&loop);
    for (int i = 0; i < CHILDREN; i++) {
        assert_int_equal(children[i].ended, 1);
        assert_int_equal(WEXITSTATUS(children[i].status), i);
    }
    reaper_free(reaper);
    loop_close(&loop);
}

static void
test_unwatched_child(void **state)
{
    struct reaper *reaper;
    struct loop loop;
    siginfo_t info;
    pid_t pid;

    (void)state;
    loop_open(&loop);
    reaper = reaper_new(loop.base);
    reaper_collect(reaper); // no children at all
    pid = start(1);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    reaper_collect(reaper);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), -1); // no zombie stays
    assert_int_equal(errno, ECHILD);
    reaper_free(reaper);
    reaper_free(NULL);
    loop_close(&loop);
}

// What the leader leaves behind in its group does not live on: the pipe that it holds ends.
static void
test_rest_of_the_group(void **state)
{
    struct reaper *reaper;
    struct child child;
    struct loop loop;
    int ends[2];
    char byte;
    pid_t pid;

    (void)state;
    loop_open(&loop);
    reaper = reaper_new(loop.base);
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        if (fork() == 0)
            for (;;)
                pause();
        _exit(0);
    }
    setpgid(pid, pid);
    close(ends[1]);
    watch(reaper, &child, pid);
    LOOP_UNTIL(&loop, child.ended);
    assert_true(WIFEXITED(child.status));
    alarm(10);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    alarm(0);
    close(ends[0]);
    reaper_free(reaper);
    loop_close(&loop);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_and_signal),
        cmocka_unit_test(test_merged_signals),
        cmocka_unit_test(test_unwatched_child),
        cmocka_unit_test(test_rest_of_the_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
