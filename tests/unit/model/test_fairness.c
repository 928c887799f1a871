// Fair shares: any two that both have work get the same by weight, to within one job of each; no
// backlog, number of sessions, cancelling or coming back changes that; and it stays cheap.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "model/queue.h"
#include "tests/unit/model/chance.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static struct job *
job_of(uint64_t caller, uint64_t session, int64_t cost_us)
{
    struct job *job = job_new((struct span){0}, NULL, NULL);

    assert_non_null(job);
    job->caller = caller;
    job->session = session;
    job->cost_us = cost_us;
    return job;
}

static void
empty(struct queue *queue)
{
    struct job *job;

    while ((job = queue_any(queue)) != NULL) {
        queue_remove(queue, job);
        job_free(job);
    }
    queue_done(queue);
}

// ---- any two --------------------------------------------------------------------------------

#define CALLERS  8
#define COST_MAX 100000 // several hundred times the smallest

struct fairness {
    struct queue queue;
    unsigned seed;
    bool by_session; // those who take turns are sessions of one caller, not callers
    unsigned weights[CALLERS];
    size_t waiting[CALLERS];
    double had[CALLERS]; // work by weight
    // What each of two had when both came to have work.
    double begin[CALLERS][CALLERS];
};

static void
meet(struct fairness *fairness, unsigned who)
{
    for (unsigned other = 0; other < CALLERS; other++) {
        fairness->begin[who][other] = fairness->had[who];
        fairness->begin[other][who] = fairness->had[other];
    }
}

static void
come(struct fairness *fairness, unsigned who)
{
    // Each has a size of its own, and now and then it is another one.
    int64_t usual_us = COST_MAX >> (2 * (who % 4));
    int64_t cost_us =
        chance(&fairness->seed, 8) == 0 ? 1 + chance(&fairness->seed, COST_MAX) : usual_us;
    struct job *job = fairness->by_session ? job_of(7, who, cost_us)
                                           : job_of(who, chance(&fairness->seed, 3), cost_us);

    job->weight = fairness->by_session ? 0 : fairness->weights[who];
    if (fairness->waiting[who]++ == 0)
        meet(fairness, who);
    queue_add(&fairness->queue, job, false, 0);
}

static void
check_any_two(const struct fairness *fairness)
{
    for (unsigned a = 0; a < CALLERS; a++)
        for (unsigned b = 0; b < a; b++) {
            double difference =
                fairness->had[a] - fairness->begin[a][b] - fairness->had[b] + fairness->begin[b][a];
            double most =
                (double)COST_MAX / fairness->weights[a] + (double)COST_MAX / fairness->weights[b];

            if (fairness->waiting[a] > 0 && fairness->waiting[b] > 0 &&
                fabs(difference) > most * 1.02) // charges are whole numbers
                fail_msg("%u and %u: %f, where %f is the most", a, b, difference, most);
        }
}

static void
take(struct fairness *fairness)
{
    struct job *job = queue_take(&fairness->queue, 0);
    uint64_t who;

    if (job == NULL)
        return;
    who = fairness->by_session ? job->session : job->caller;
    fairness->had[who] += (double)level_cost_us(job) / fairness->weights[who];
    fairness->waiting[who]--;
    job_free(job);
}

static void
check_fairness(bool by_session)
{
    unsigned seed = chance_seed();

    for (int round = 0; round < 50; round++) {
        struct fairness fairness = {.by_session = by_session, .seed = seed + (unsigned)round};

        queue_init(&fairness.queue);
        for (unsigned i = 0; i < CALLERS; i++)
            fairness.weights[i] = by_session ? 100 : 50U << chance(&fairness.seed, 4);
        for (int step = 0; step < 2000; step++) {
            unsigned who = chance(&fairness.seed, CALLERS);

            // Some have a great backlog; the others come now and then.
            if (chance(&fairness.seed, 2) == 0)
                take(&fairness);
            else
                for (unsigned i = 0; i < (who < 2 ? 10 : 1); i++)
                    come(&fairness, who);
            check_any_two(&fairness);
        }
        empty(&fairness.queue);
    }
}

static void
test_callers(void **state)
{
    (void)state;
    check_fairness(false);
}

static void
test_sessions(void **state)
{
    (void)state;
    check_fairness(true);
}

// ---- what gains nothing ---------------------------------------------------------------------

// How much of the work caller 1 gets, of what is taken until `until` jobs were.
static double
part_of(struct queue *queue, unsigned until)
{
    double work[2] = {0, 0};

    for (unsigned i = 0; i < until; i++) {
        struct job *job = queue_take(queue, 0);

        assert_non_null(job);
        work[job->caller == 1] += (double)job->cost_us;
        job_free(job);
    }
    empty(queue);
    return work[1] / (work[0] + work[1]);
}

static void
test_thousands_of_sessions(void **state)
{
    struct queue queue;

    (void)state;
    queue_init(&queue);
    for (unsigned i = 0; i < 5000; i++)
        queue_add(&queue, job_of(1, i, 1000), false, 0);
    for (unsigned i = 0; i < 1000; i++)
        queue_add(&queue, job_of(2, 0, 1000), false, 0);
    assert_true(fabs(part_of(&queue, 1000) - 0.5) < 0.002);
    queue_done(&queue);
}

// One who comes late to a long backlog waits for one job at most.
static void
test_latecomer(void **state)
{
    struct queue queue;
    struct job *job;

    (void)state;
    queue_init(&queue);
    for (unsigned i = 0; i < 10000; i++)
        queue_add(&queue, job_of(1, i % 100, 5000), false, 0);
    for (int i = 0; i < 100; i++)
        job_free(queue_take(&queue, 0));
    for (int i = 0; i < 100; i++) {
        queue_add(&queue, job_of(2, 0, 5000), false, 0);
        job = queue_take(&queue, 0);
        if (job->caller == 1) {
            job_free(job);
            job = queue_take(&queue, 0);
        }
        assert_int_equal(job->caller, 2);
        job_free(job);
    }
    empty(&queue);
}

// A job that comes back is not charged again, in whatever way it comes back.
static void
test_coming_back(void **state)
{
    struct queue queue;
    unsigned done[3] = {0};

    (void)state;
    queue_init(&queue);
    for (unsigned i = 0; i < 600; i++)
        queue_add(&queue, job_of(1 + i % 2, 0, 1000), false, 0);
    for (int i = 0; i < 500;) {
        struct job *job = queue_take(&queue, 0);

        if (job->caller == 1 && job->retries < 3) { // each comes back three times
            job->retries++;
            queue_add(&queue, job, true, 0);
            assert_ptr_equal(queue_any(&queue), job);
            continue;
        }
        done[job->caller]++;
        job_free(job);
        i++;
    }
    assert_in_range(done[1], 249, 251);
    empty(&queue);
}

// Who takes a long job back, shortly before its turn, has waited for no more than that job.
static void
test_taking_back(void **state)
{
    struct queue queue;
    struct job *job = job_of(1, 0, 100000);

    (void)state;
    queue_init(&queue);
    queue_add(&queue, job, false, 0);
    for (unsigned i = 0; i < 3000; i++)
        queue_add(&queue, job_of(2, 0, 1000), false, 0);
    for (int i = 0; i < 99; i++)
        job_free(queue_take(&queue, 0));
    for (unsigned i = 0; i < 2000; i++)
        queue_add(&queue, job_of(1, 0, 1000), false, 0);
    queue_remove(&queue, job);
    job_free(job);
    assert_true(fabs(part_of(&queue, 1100) - 600.0 / 1100) < 0.002);
    queue_done(&queue);
}

// ---- outlook --------------------------------------------------------------------------------

// What was said to be taken before a job is no less than what is, if nothing comes after it.
static void
check_outlook(unsigned *seed)
{
    struct job *probe = job_of(chance(seed, 5), chance(seed, 5), 1 + chance(seed, 10000));
    struct queue queue;
    int64_t before_us = 0;
    int64_t said_us;
    struct job *job;

    queue_init(&queue);
    for (unsigned i = chance(seed, 200); i > 0; i--) {
        job = job_of(chance(seed, 5), chance(seed, 5), 1 + chance(seed, 10000));
        job->weight = 50 * (1 + (unsigned)job->caller);
        job->priority = (int)chance(seed, 3);
        queue_add(&queue, job, false, 0);
    }
    probe->weight = 50 * (1 + (unsigned)probe->caller);
    probe->priority = (int)chance(seed, 3);
    said_us = queue_work_before(&queue, probe);
    queue_add(&queue, probe, false, 0);
    while ((job = queue_take(&queue, 0)) != probe) {
        before_us += level_cost_us(job);
        job_free(job);
    }
    job_free(probe);
    empty(&queue);
    // Both tiers may be out by one job of each that takes turns.
    if (before_us > said_us + INT64_C(10000) * 10)
        fail_msg("%lld came before, %lld was said", (long long)before_us, (long long)said_us);
}

static void
test_outlook(void **state)
{
    unsigned seed = chance_seed();
    struct job probe = {.cost_us = 1000};
    struct queue queue;

    (void)state;
    queue_init(&queue);
    assert_int_equal(queue_work_before(&queue, &probe), 0);
    for (int i = 0; i < 2000; i++)
        check_outlook(&seed);
    queue_done(&queue);
}

// A caller that is new has only its share of the others before it, not all that they have.
static void
test_outlook_of_a_newcomer(void **state)
{
    struct job probe = {.caller = 2, .cost_us = 5000};
    struct queue queue;

    (void)state;
    queue_init(&queue);
    for (unsigned i = 0; i < 10000; i++)
        queue_add(&queue, job_of(1, 0, 5000), false, 0);
    assert_int_equal(queue_work_before(&queue, &probe), 5000);
    probe.priority = 1;
    assert_int_equal(queue_work_before(&queue, &probe), 0);
    probe.priority = -1;
    assert_int_equal(queue_work_before(&queue, &probe), 10000 * 5000);
    probe = (struct job){.caller = 1, .cost_us = 5000};
    assert_int_equal(queue_work_before(&queue, &probe), 10000 * 5000);
    probe.session = 1;
    assert_int_equal(queue_work_before(&queue, &probe), 5000);
    empty(&queue);
}

// ---- cost -----------------------------------------------------------------------------------

// A hundred thousand jobs of ten thousand callers; were any step to look at all of them, this would
// take hours.
static void
test_many(void **state)
{
    unsigned callers = 10000;
    struct queue queue;
    struct job *job;

    (void)state;
    queue_init(&queue);
    for (unsigned i = 0; i < 100000; i++) {
        job = job_of(i % callers, i % 7, 1000);
        job->priority = (int)(i % callers % 3);
        queue_add(&queue, job, false, 0);
    }
    assert_int_equal(queue_callers_at(&queue, 0) + queue_callers_at(&queue, 1) +
                         queue_callers_at(&queue, 2),
                     callers);
    for (unsigned i = 0; i < 200000; i++) {
        job = queue_take(&queue, i);
        if (i < 100000)
            queue_add(&queue, job, i % 3 == 0, i);
        else
            job_free(job);
    }
    assert_int_equal(queue.count, 0);
    queue_done(&queue);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_callers),
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_thousands_of_sessions),
        cmocka_unit_test(test_latecomer),
        cmocka_unit_test(test_coming_back),
        cmocka_unit_test(test_taking_back),
        cmocka_unit_test(test_outlook),
        cmocka_unit_test(test_outlook_of_a_newcomer),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
