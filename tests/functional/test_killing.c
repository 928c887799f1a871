// Ten thousand jobs while workers are killed at random: ten thousand answers, each either right or
// the error of a worker that really was killed, and afterwards the pool is whole.
#include "common/clock.h"
#include "harness.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SESSIONS   4
#define JOBS       2500 // of each session
#define WINDOW     200  // of them unanswered at once
#define KILL_EVERY 120  // answers
#define KILLS_MAX  128

// Valgrind, if a SIGSEGV comes while it runs its own code, makes an exit status out of it, or
// nothing at all.
#define OBSERVED (getenv("OFFLOAD_TEST_WRAP") != NULL)

struct campaign {
    struct fixture *fixture;
    struct peer *peers[SESSIONS];
    unsigned numbers[SESSIONS][JOBS]; // the params of each job
    bool answered[SESSIONS][JOBS];
    int sent[SESSIONS];
    int received[SESSIONS];
    int total;
    int lost; // answers that name a dead worker
    pid_t killed[KILLS_MAX];
    int kills;
    unsigned seed;
};

static void
send_next(struct campaign *campaign, int session)
{
    int job = campaign->sent[session]++;
    unsigned number = (unsigned)rand_r(&campaign->seed) % 30000;

    campaign->numbers[session][job] = number;
    peer_say(campaign->peers[session], REQUEST("%d", "sum_squares", "{\"n\":%u}"), job, number);
}

// Kills a worker picked at random: one that is a child of the daemon at this moment.
static void
kill_someone(struct campaign *campaign)
{
    pid_t children[PROCESSES_MAX];
    size_t count = processes_children(campaign->fixture->daemon.pid, children);
    pid_t victim = count == 0 ? 0 : children[(size_t)rand_r(&campaign->seed) % count];

    if (victim == 0 || campaign->kills == KILLS_MAX || !processes_alive(victim))
        return;
    if (kill(victim, OBSERVED || rand_r(&campaign->seed) % 2 == 0 ? SIGKILL : SIGSEGV) == 0)
        campaign->killed[campaign->kills++] = victim;
}

// The answer says which worker died; it must be one that was killed.
static void
expect_true_death(struct campaign *campaign, const char *line, const char *id)
{
    json_auto_t *data = expect_error_data(line, id, ERROR_JOB_FAILED);
    json_int_t pid = json_integer_value(json_object_get(data, "pid"));
    bool known = false;
    const char *signal;

    for (int i = 0; i < campaign->kills; i++)
        known |= campaign->killed[i] == pid;
    if (!known)
        fail_msg("a death that was not: %s", line);
    assert_string_equal(check_text(data, "cause"), "signal");
    signal = check_text(data, "signal");
    assert_true(strcmp(signal, "SIGKILL") == 0 || strcmp(signal, "SIGSEGV") == 0);
    campaign->lost++;
}

static void
take_answer(struct campaign *campaign, int session, const char *line)
{
    int job = -1;
    char id[24], expected[32];

    sscanf(line, "{\"jsonrpc\":\"2.0\",\"id\":%d", &job);
    if (job < 0 || job >= campaign->sent[session] || campaign->answered[session][job])
        fail_msg("an answer that nobody waits for: %s", line);
    campaign->answered[session][job] = true;
    campaign->received[session]++;
    campaign->total++;
    snprintf(id, sizeof(id), "%d", job);
    if (strstr(line, "\"error\"") != NULL) {
        expect_true_death(campaign, line, id);
    } else {
        uint64_t n = campaign->numbers[session][job];

        snprintf(expected, sizeof(expected), "%llu",
                 n == 0 ? 0ULL : (unsigned long long)((n - 1) * n / 2 * (2 * n - 1) / 3));
        expect_result(line, id, expected);
    }
}

// Waits until some session has something to say.
static void
await_any(struct campaign *campaign, int64_t deadline_us)
{
    struct pollfd wait[SESSIONS];

    for (int i = 0; i < SESSIONS; i++)
        wait[i] = (struct pollfd){.fd = campaign->peers[i]->fd, .events = POLLIN};
    if (poll(wait, SESSIONS, deadline_left_ms(deadline_us)) == 0)
        fail_msg("after %d answers and %d kills no more come", campaign->total, campaign->kills);
}

static void
run_campaign(struct campaign *campaign)
{
    while (campaign->total < SESSIONS * JOBS) {
        bool any = false;

        for (int i = 0; i < SESSIONS; i++) {
            const char *line;

            while (campaign->sent[i] < JOBS && campaign->sent[i] - campaign->received[i] < WINDOW)
                send_next(campaign, i);
            line = peer_line_until(campaign->peers[i], 0);
            if (line == NULL)
                continue;
            any = true;
            take_answer(campaign, i, line);
            if (campaign->total % KILL_EVERY == 0)
                kill_someone(campaign);
        }
        if (!any)
            await_any(campaign, deadline_in(PATIENCE));
    }
}

// A sanitizer takes its time to report a SIGSEGV: until then the worker looks well to the daemon,
// and may still be handed a job.
static void
await_deaths(const struct campaign *campaign)
{
    for (int i = 0; i < campaign->kills; i++)
        processes_await_end(campaign->killed[i]);
}

static bool
is_victim(const struct campaign *campaign, pid_t pid)
{
    for (int i = 0; i < campaign->kills; i++)
        if (campaign->killed[i] == pid)
            return true;
    return false;
}

// The daemon learns of a death a moment later.
static void
await_replacements(const struct campaign *campaign)
{
    int64_t deadline = deadline_in(PATIENCE);
    bool left = true;

    while (left) {
        json_auto_t *status = fixture_status(campaign->fixture);
        json_t *worker;
        size_t i;

        left = false;
        json_array_foreach (json_at(status, "pools.0.workers"), i, worker)
            left |= is_victim(campaign, (pid_t)json_integer_value(json_object_get(worker, "pid")));
        if (left && deadline_passed(deadline))
            fail_msg("a dead worker is not replaced");
        deadline_pause();
    }
}

static void
kill_at_random(struct fixture *fixture)
{
    struct campaign *campaign = calloc(1, sizeof(*campaign));
    const char *seed = getenv("OFFLOAD_TEST_SEED");
    json_auto_t *status = NULL;

    assert_non_null(campaign);
    campaign->fixture = fixture;
    campaign->seed = seed != NULL ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)clock_ns();
    print_message("OFFLOAD_TEST_SEED=%u\n", campaign->seed);
    fixture->killing = true;
    for (int i = 0; i < SESSIONS; i++)
        campaign->peers[i] = i % 2 == 0 ? open_tcp(fixture) : open_unix(fixture);
    run_campaign(campaign);
    print_message("%d answers, %d of them lost to %d kills\n", campaign->total, campaign->lost,
                  campaign->kills);
    assert_true(campaign->kills > 0);
    await_deaths(campaign);
    await_replacements(campaign);
    fixture_await_workers(fixture);
    status = fixture_status(fixture);
    assert_int_equal(json_integer_value(json_at(status, "jobs.queued")), 0);
    assert_int_equal(json_integer_value(json_at(status, "jobs.running")), 0);
    for (int i = 0; i < SESSIONS; i++) {
        expect_result(peer_ask(campaign->peers[i], REQUEST("0", "sum_squares", "[10]")), "0",
                      "285");
        peer_half_close(campaign->peers[i]);
        peer_expect_end(campaign->peers[i]); // not one answer too many
    }
    free(campaign);
}

static void
test_killing_workers_at_random(struct fixture *fixture)
{
    kill_at_random(fixture);
}

static void
test_killing_threaded_workers_at_random(struct fixture *fixture)
{
    kill_at_random(fixture);
}

HARNESS_MAIN(SCENARIO(test_killing_workers_at_random, "--set", "pool.cpu.processes=3"),
             SCENARIO(test_killing_threaded_workers_at_random, "--set", "pool.cpu.processes=2",
                      "--set", "pool.cpu.threads=3"))
