// Queue: the order in a session and between priorities, ageing, and everything at once against
// plain lists.

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

#include <stdbool.h>
#include <string.h>

#define JOBS 100

static void
test_empty(void **state)
{
    struct queue queue;

    (void)state;
    queue_init(&queue);
    assert_int_equal(queue.count, 0);
    assert_null(queue_next(&queue));
    assert_null(queue_take(&queue, 0));
    assert_null(queue_any(&queue));
    assert_int_equal(queue.count, 0);
    queue_done(&queue);
}

// Of one session the first come is the first served, whatever it costs.
static void
test_order(void **state)
{
    struct job jobs[JOBS] = {0};
    struct queue queue;

    (void)state;
    queue_init(&queue);
    for (int i = 0; i < JOBS; i++) {
        jobs[i].cost_us = i * 7919 % 13 * 100000;
        queue_add(&queue, &jobs[i], false, i);
        assert_int_equal(queue.count, i + 1);
        assert_ptr_equal(queue_any(&queue), &jobs[0]);
    }
    assert_int_equal(queue_jobs_at(&queue, 0), JOBS);
    assert_int_equal(queue_callers_at(&queue, 0), 1);
    for (int i = 0; i < JOBS; i++)
        assert_ptr_equal(queue_take(&queue, 1000), &jobs[i]);
    assert_null(queue_take(&queue, 1000));
    assert_int_equal(queue.count, 0);
    assert_int_equal(queue_callers_at(&queue, 0), 0);
    queue_done(&queue);
}

// A job that was taken before goes ahead of all of its session.
static void
test_front(void **state)
{
    struct job jobs[4] = {0};
    struct queue queue;

    (void)state;
    queue_init(&queue);
    queue_add(&queue, &jobs[0], true, 0); // into an empty one
    queue_add(&queue, &jobs[1], false, 0);
    queue_add(&queue, &jobs[2], true, 0);
    queue_add(&queue, &jobs[3], false, 0);
    assert_int_equal(queue.count, 4);
    assert_ptr_equal(queue_take(&queue, 0), &jobs[2]);
    assert_ptr_equal(queue_take(&queue, 0), &jobs[0]);
    assert_ptr_equal(queue_take(&queue, 0), &jobs[1]);
    assert_ptr_equal(queue_take(&queue, 0), &jobs[3]);
    assert_int_equal(queue.count, 0);
    queue_done(&queue);
}

static void
test_removal(void **state)
{
    struct job jobs[5] = {0};
    struct queue queue;

    (void)state;
    queue_init(&queue);
    for (int i = 0; i < 5; i++)
        queue_add(&queue, &jobs[i], false, 0);
    queue_remove(&queue, &jobs[2]);
    queue_remove(&queue, &jobs[4]);
    queue_remove(&queue, &jobs[0]);
    assert_int_equal(queue.count, 2);
    queue_add(&queue, &jobs[4], false, 0);
    assert_ptr_equal(queue_take(&queue, 0), &jobs[1]);
    assert_ptr_equal(queue_take(&queue, 0), &jobs[3]);
    assert_ptr_equal(queue_take(&queue, 0), &jobs[4]);
    assert_null(queue_take(&queue, 0));
    queue_done(&queue);
}

static void
test_priorities(void **state)
{
    struct job jobs[QUEUE_LEVELS] = {0};
    struct queue queue;

    (void)state;
    queue_init(&queue);
    for (int i = 0; i < QUEUE_LEVELS; i++) {
        jobs[i].priority = i * 8 % QUEUE_LEVELS - JOB_PRIORITY_MAX;
        jobs[i].caller = (uint64_t)i % 3;
        queue_add(&queue, &jobs[i], false, 0);
    }
    for (int priority = JOB_PRIORITY_MAX; priority >= -JOB_PRIORITY_MAX; priority--) {
        assert_int_equal(queue_any(&queue)->priority, priority);
        assert_int_equal(queue_take(&queue, 0)->priority, priority);
    }
    assert_null(queue_take(&queue, 0));
    queue_done(&queue);
}

// ---- ageing ---------------------------------------------------------------------------------

// One worker that is at a job for as long as the job costs; the highest level never runs out.
// Counts the turns of each level until the given time.
static void
run_levels(struct job *jobs, size_t count, int64_t until_us, unsigned turns[QUEUE_LEVELS])
{
    struct queue queue;

    memset(turns, 0, QUEUE_LEVELS * sizeof(turns[0]));
    queue_init(&queue);
    for (size_t i = 0; i < count; i++)
        queue_add(&queue, &jobs[i], false, 0);
    for (int64_t now_us = 0; now_us < until_us;) {
        struct job *job = queue_take(&queue, now_us);

        turns[job->priority + JOB_PRIORITY_MAX]++;
        job->charged = false; // the next one of the same kind
        queue_add(&queue, job, false, now_us);
        now_us += job->cost_us;
    }
    while (queue_take(&queue, until_us) != NULL)
        ;
    queue_done(&queue);
}

static void
prepare(struct job jobs[QUEUE_LEVELS], int64_t cost_us)
{
    memset(jobs, 0, QUEUE_LEVELS * sizeof(jobs[0]));
    for (int i = 0; i < QUEUE_LEVELS; i++)
        jobs[i] = (struct job){.priority = i - JOB_PRIORITY_MAX, .cost_us = cost_us};
}

// Short jobs: a level k steps below has a turn each 5 k seconds.
static void
test_ageing(void **state)
{
    unsigned turns[QUEUE_LEVELS];
    struct job jobs[QUEUE_LEVELS];

    (void)state;
    prepare(jobs, 10000);
    run_levels(jobs, QUEUE_LEVELS, 1000 * INT64_C(1000000), turns);
    for (int below = 1; below < QUEUE_LEVELS; below++)
        assert_in_range(turns[QUEUE_LEVELS - 1 - below], (unsigned)(195 / below) - 1,
                        (unsigned)(200 / below) + 1);
}

// Each level moves, and the highest has more than half of even one slot, however long the jobs.
static void
test_ageing_of_long_jobs(void **state)
{
    unsigned turns[QUEUE_LEVELS];
    struct job jobs[QUEUE_LEVELS];
    unsigned all = 0;

    (void)state;
    prepare(jobs, 60 * INT64_C(1000000));
    run_levels(jobs, QUEUE_LEVELS, 100000 * INT64_C(60000000) / 10, turns);
    for (int i = 0; i < QUEUE_LEVELS; i++) {
        assert_true(turns[i] > 0);
        all += turns[i];
    }
    assert_true(turns[QUEUE_LEVELS - 1] * 2 > all);
    prepare(jobs, 60 * INT64_C(1000000));
    run_levels(jobs + QUEUE_LEVELS - 2, 2, 10000 * INT64_C(60000000), turns);
    assert_in_range(turns[QUEUE_LEVELS - 2], 10000 / 10, 10000 / 8);
}

// Nobody is passed over while nothing is taken.
static void
test_no_ageing_while_nothing_moves(void **state)
{
    struct job low = {.priority = -10};
    struct job high = {.priority = 10};
    struct queue queue;

    (void)state;
    queue_init(&queue);
    queue_add(&queue, &low, false, 0);
    queue_add(&queue, &high, false, 0);
    assert_ptr_equal(queue_take(&queue, 1000 * QUEUE_AGEING_US), &high);
    assert_ptr_equal(queue_take(&queue, 1000 * QUEUE_AGEING_US), &low);
    queue_done(&queue);
}

// Two callers share the highest level; one of them has jobs at all levels besides. It gains
// nothing.
static void
test_many_priorities(void **state)
{
    struct job jobs[QUEUE_LEVELS + 1];
    struct queue queue;
    int64_t work_us[2] = {0, 0};
    int64_t now_us = 0;

    (void)state;
    prepare(jobs, 1000000);
    jobs[QUEUE_LEVELS] = jobs[QUEUE_LEVELS - 1];
    jobs[QUEUE_LEVELS].caller = 1;
    queue_init(&queue);
    for (int i = 0; i <= QUEUE_LEVELS; i++)
        queue_add(&queue, &jobs[i], false, 0);
    for (int i = 0; i < 10000; i++) {
        const struct job *next = queue_next(&queue);
        struct job *job = queue_take(&queue, now_us);

        assert_ptr_equal(job, next);
        now_us += job->cost_us;
        work_us[job->caller] += job->cost_us;
        job->charged = false;
        // Behind its fellow first, so that the caller always has work there.
        queue_add(&queue, job, false, now_us);
    }
    assert_in_range(work_us[0], now_us / 2 - 3000000, now_us / 2 + 3000000);
    while (queue_take(&queue, now_us) != NULL)
        ;
    queue_done(&queue);
}

// ---- everything at once ---------------------------------------------------------------------

#define MANY 400

// What waits, as one list in the order in which each session would be served.
struct list {
    struct job *jobs[MANY];
    size_t count;
};

static void
list_insert(struct list *list, size_t at, struct job *job)
{
    memmove(&list->jobs[at + 1], &list->jobs[at], (list->count - at) * sizeof(list->jobs[0]));
    list->jobs[at] = job;
    list->count++;
}

static void
list_remove(struct list *list, const struct job *job)
{
    size_t at = 0;

    while (list->jobs[at] != job)
        at++;
    list->count--;
    memmove(&list->jobs[at], &list->jobs[at + 1], (list->count - at) * sizeof(list->jobs[0]));
}

static bool
is_same_line(const struct job *a, const struct job *b)
{
    return a->priority == b->priority && a->caller == b->caller && a->session == b->session;
}

// The job that was taken is the first of its session; and no time passes here, so that nothing of a
// higher level waits.
static void
check_taken(const struct list *list, const struct job *taken)
{
    const struct job *first = NULL;

    assert_int_equal(taken == NULL, list->count == 0);
    for (size_t i = 0; i < list->count; i++) {
        assert_true(list->jobs[i]->priority <= taken->priority);
        if (first == NULL && is_same_line(list->jobs[i], taken))
            first = list->jobs[i];
    }
    assert_ptr_equal(first, taken);
}

static void
check_counts(const struct queue *queue, const struct list *list)
{
    assert_int_equal(queue->count, list->count);
    assert_int_equal(queue_any(queue) == NULL, list->count == 0);
    for (int priority = -JOB_PRIORITY_MAX; priority <= JOB_PRIORITY_MAX; priority++) {
        const struct level *level = &queue->levels[priority + JOB_PRIORITY_MAX];
        unsigned callers = 0;
        int64_t work_us = 0;
        size_t count = 0;

        for (size_t i = 0; i < list->count; i++) {
            if (list->jobs[i]->priority != priority)
                continue;
            count++;
            callers |= 1U << list->jobs[i]->caller;
            work_us += level_cost_us(list->jobs[i]);
        }
        assert_int_equal(queue_jobs_at(queue, priority), count);
        assert_int_equal(queue_callers_at(queue, priority), __builtin_popcount(callers));
        assert_int_equal(level->work_us, work_us);
        assert_int_equal(level->weight, __builtin_popcount(callers) * JOB_WEIGHT_DEFAULT);
    }
}

static void
test_against_lists(void **state)
{
    static struct job jobs[MANY];
    static struct list list;
    unsigned seed = chance_seed();
    struct queue queue;

    (void)state;
    list.count = 0;
    queue_init(&queue);
    for (int step = 0; step < 100000; step++) {
        struct job *job = &jobs[chance(&seed, MANY)];

        if (job->line != NULL && chance(&seed, 2) == 0) {
            queue_remove(&queue, job);
            list_remove(&list, job);
        } else if (job->line != NULL || step / 2000 % 2 != 0) { // now it fills, now it empties
            const struct job *next = queue_next(&queue);

            job = queue_take(&queue, 0);
            assert_ptr_equal(job, next);
            check_taken(&list, job);
            if (job != NULL)
                list_remove(&list, job);
        } else {
            bool front = job->charged && chance(&seed, 2) == 0;

            if (!front)
                *job = (struct job){.priority = (int)chance(&seed, QUEUE_LEVELS) - 10,
                                    .caller = chance(&seed, 4),
                                    .session = chance(&seed, 4),
                                    .cost_us = chance(&seed, 1000)};
            queue_add(&queue, job, front, 0);
            list_insert(&list, front ? 0 : list.count, job);
        }
        if (step % 10 == 0)
            check_counts(&queue, &list);
    }
    while (queue_take(&queue, 0) != NULL)
        ;
    queue_done(&queue);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_front),
        cmocka_unit_test(test_removal),
        cmocka_unit_test(test_priorities),
        cmocka_unit_test(test_ageing),
        cmocka_unit_test(test_ageing_of_long_jobs),
        cmocka_unit_test(test_no_ageing_while_nothing_moves),
        cmocka_unit_test(test_many_priorities),
        cmocka_unit_test(test_against_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
