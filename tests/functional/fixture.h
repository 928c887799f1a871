// What every test stands on: a scenario names the test and the daemon it wants; before it runs,
// that daemon is started with all its workers; afterwards the daemon must be as it was: no
// descriptor more than before, all workers alive, nothing reported by a sanitizer, exit status 0,
// no process left.
#ifndef OFFLOAD_TESTS_FIXTURE_H
#define OFFLOAD_TESTS_FIXTURE_H

#include "daemon.h"
#include "peer.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define FIXTURE_PEERS_MAX 128

struct fixture;

struct scenario {
    void (*run)(struct fixture *fixture);
    const char *config;             // of the configuration file, may be NULL; "%F" is the folder
    const char *const *arguments;   // for the daemon
    const char *const *environment; // for the daemon
    bool manual;                    // the test starts the daemon itself
};

struct fixture {
    struct daemon daemon;
    struct peer peers[FIXTURE_PEERS_MAX];
    size_t peer_count;
    struct peer watch; // asks for the status; open as long as the daemon
    int descriptors;   // of the daemon after its start
    const struct scenario *scenario;
    bool passed;
    bool killing; // the test ends processes by signals that let them speak: not by SIGKILL alone
};

// For the list of HARNESS_MAIN. The rest of the arguments is for the daemon.
#define SCENARIO(function, ...) \
    SCENARIO_OF(function, .arguments = (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define SCENARIO_CONFIG(function, text, ...) \
    SCENARIO_OF(function, .config = (text),  \
                .arguments = (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define SCENARIO_MANUAL(function) SCENARIO_OF(function, .manual = true)
#define SCENARIO_OF(function, ...)                                                 \
    {                                                                              \
        .name = #function, .test_func = fixture_run, .setup_func = fixture_set_up, \
        .teardown_func = fixture_tear_down, .initial_state = &(struct scenario)    \
        {                                                                          \
            .run = (function), __VA_ARGS__                                         \
        }                                                                          \
    }

// main() of a test program; an argument picks tests by a pattern with * and ?.
#define HARNESS_MAIN(...)                                 \
    int main(int argc, char *argv[])                      \
    {                                                     \
        const struct CMUnitTest tests[] = {__VA_ARGS__};  \
                                                          \
        fixture_prepare(argc, argv);                      \
        return cmocka_run_group_tests(tests, NULL, NULL); \
    }

void fixture_prepare(int argc, char *argv[]);
int fixture_set_up(void **state);
void fixture_run(void **state);
int fixture_tear_down(void **state);

// Opens a session on the daemon; closed after the test at the latest.
struct peer *open_tcp(struct fixture *fixture);
// From that local address: another caller.
struct peer *open_tcp_from(struct fixture *fixture, const char *from);
struct peer *open_unix(struct fixture *fixture);
struct peer *open_at(struct fixture *fixture, const char *address);

// After the test has started a daemon itself: waits for the workers and takes the number of
// descriptors. Without this call they are not looked at afterwards.
void fixture_adopt(struct fixture *fixture);
// The daemon has ended or is about to: nothing in it is left to look at.
void fixture_forget(struct fixture *fixture);

// The daemon's status (caller decrefs).
json_t *fixture_status(struct fixture *fixture);
// A whole number in it, by its path.
json_int_t fixture_number(struct fixture *fixture, const char *path);
// Waits until it has that value.
void fixture_await(struct fixture *fixture, const char *path, json_int_t value);
// Waits until every pool has all its workers.
void fixture_await_workers(struct fixture *fixture);
// The pid of a worker.
pid_t fixture_worker(struct fixture *fixture, int pool, int slot);

#endif
