// See level.h.
#include "model/level.h"

#include <stdlib.h>

// The key of the spare ones; a caller and a session never have it (see job.h).
#define KEY_SPARE UINT64_MAX

int64_t
level_cost_us(const struct job *job)
{
    if (job->cost_us < LEVEL_COST_MIN_US)
        return LEVEL_COST_MIN_US;
    return job->cost_us < LEVEL_COST_MAX_US ? job->cost_us : LEVEL_COST_MAX_US;
}

static struct share *
share_of(struct taker *turn)
{
    return (struct share *)turn;
}

static struct line *
line_of(struct taker *turn)
{
    return (struct line *)turn;
}

static unsigned
weight_of(const struct job *job)
{
    return job->weight != 0 ? job->weight : JOB_WEIGHT_DEFAULT;
}

// ---- who is there ---------------------------------------------------------------------------

static void
share_init(struct share *share, unsigned weight, uint64_t seed)
{
    *share = (struct share){.weight = weight};
    turns_init(&share->sessions, seed);
}

static void
line_init(struct line *line, struct share *share)
{
    *line = (struct line){.share = share};
    TAILQ_INIT(&line->jobs);
}

void
level_init(struct level *level, uint64_t seed)
{
    *level = (struct level){.count = 0};
    turns_init(&level->callers, seed);
    share_init(&level->spare_share, JOB_WEIGHT_DEFAULT, seed);
    line_init(&level->spare_line, &level->spare_share);
}

void
level_done(struct level *level)
{
    struct share *share;
    struct line *line;

    while ((line = SLIST_FIRST(&level->kept_lines)) != NULL) {
        SLIST_REMOVE_HEAD(&level->kept_lines, link);
        free(line);
    }
    while ((share = SLIST_FIRST(&level->kept_shares)) != NULL) {
        SLIST_REMOVE_HEAD(&level->kept_shares, link);
        free(share);
    }
}

static struct line *
line_get(struct level *level)
{
    struct line *line = SLIST_FIRST(&level->kept_lines);

    if (line == NULL)
        return malloc(sizeof(*line));
    SLIST_REMOVE_HEAD(&level->kept_lines, link);
    level->kept_line_count--;
    return line;
}

static void
line_put(struct level *level, struct line *line)
{
    if (line == NULL || line == &level->spare_line)
        return;
    if (level->kept_line_count >= LEVEL_KEPT_MAX) {
        free(line);
        return;
    }
    SLIST_INSERT_HEAD(&level->kept_lines, line, link);
    level->kept_line_count++;
}

static struct share *
share_get(struct level *level)
{
    struct share *share = SLIST_FIRST(&level->kept_shares);

    if (share == NULL)
        return malloc(sizeof(*share));
    SLIST_REMOVE_HEAD(&level->kept_shares, link);
    level->kept_share_count--;
    return share;
}

static void
share_put(struct level *level, struct share *share)
{
    if (share == &level->spare_share)
        return;
    if (level->kept_share_count >= LEVEL_KEPT_MAX) {
        free(share);
        return;
    }
    SLIST_INSERT_HEAD(&level->kept_shares, share, link);
    level->kept_share_count++;
}

// An empty line for a session that has none; the spare one when there is no memory.
static struct line *
line_new(struct level *level, struct share *share, const struct job *job)
{
    struct line *line = line_get(level);
    bool first = share == NULL;

    if (first && line != NULL) {
        share = share_get(level);
        // A tree's random is good enough a seed for the trees in it.
        if (share != NULL)
            share_init(share, weight_of(job), level->callers.random);
    }
    if (line == NULL || share == NULL) {
        line_put(level, line);
        return &level->spare_line;
    }
    line_init(line, share);
    return line;
}

static struct line *
line_find(struct level *level, const struct job *job)
{
    struct share *share = share_of(turns_find(&level->callers, job->caller));
    struct line *line = NULL;

    if (share != NULL)
        line = line_of(turns_find(&share->sessions, job->session));
    return line != NULL ? line : line_new(level, share, job);
}

// ---- whose turn it is -----------------------------------------------------------------------

static uint64_t
charge_in_line(const struct job *job)
{
    return job->charged ? 0 : (uint64_t)level_cost_us(job);
}

static uint64_t
charge_in_share(const struct share *share, const struct job *job)
{
    return charge_in_line(job) * JOB_WEIGHT_DEFAULT / share->weight;
}

static struct job *
share_next(const struct share *share)
{
    return TAILQ_FIRST(&line_of(turns_next(&share->sessions))->jobs);
}

// Another job may be the next of the share.
static void
share_charge(struct level *level, struct share *share)
{
    turns_charge(&level->callers, &share->turn, charge_in_share(share, share_next(share)));
}

// The line has got its first job.
static void
line_enter(struct level *level, struct line *line, const struct job *job)
{
    struct share *share = line->share;
    bool spare = line == &level->spare_line;
    bool first = share->sessions.count == 0;

    turns_enter(&share->sessions, &line->turn, spare ? KEY_SPARE : job->session,
                charge_in_line(job));
    if (!first) {
        share_charge(level, share);
        return;
    }
    turns_enter(&level->callers, &share->turn, spare ? KEY_SPARE : job->caller,
                charge_in_share(share, job));
    level->weight += share->weight;
}

// The line has no more jobs.
static void
line_leave(struct level *level, struct line *line)
{
    struct share *share = line->share;

    turns_leave(&share->sessions, &line->turn);
    line_put(level, line);
    if (share->sessions.count > 0) {
        share_charge(level, share);
        return;
    }
    turns_leave(&level->callers, &share->turn);
    level->weight -= share->weight;
    share_put(level, share);
}

// The first job of the line may be another one now, and so may that of its share.
static void
line_charge(struct level *level, struct line *line)
{
    struct share *share = line->share;

    turns_charge(&share->sessions, &line->turn, charge_in_line(TAILQ_FIRST(&line->jobs)));
    share_charge(level, share);
}

static void
count(struct level *level, struct line *line, const struct job *job, int sign)
{
    int64_t work_us = sign * level_cost_us(job);

    level->count += (size_t)sign;
    level->work_us += work_us;
    line->share->work_us += work_us;
    line->work_us += work_us;
}

// ---- jobs -----------------------------------------------------------------------------------

void
level_add(struct level *level, struct job *job, bool front)
{
    struct line *line = line_find(level, job);
    bool first = TAILQ_EMPTY(&line->jobs);

    if (front)
        TAILQ_INSERT_HEAD(&line->jobs, job, link);
    else
        TAILQ_INSERT_TAIL(&line->jobs, job, link);
    job->line = line;
    count(level, line, job, 1);
    if (first)
        line_enter(level, line, job);
    else if (front)
        line_charge(level, line);
}

void
level_remove(struct level *level, struct job *job)
{
    struct line *line = job->line;

    count(level, line, job, -1);
    TAILQ_REMOVE(&line->jobs, job, link);
    job->line = NULL;
    if (TAILQ_EMPTY(&line->jobs))
        line_leave(level, line);
    else
        line_charge(level, line);
}

struct job *
level_next(const struct level *level)
{
    struct taker *turn = turns_next(&level->callers);

    return turn != NULL ? share_next(share_of(turn)) : NULL;
}

struct job *
level_take(struct level *level)
{
    struct job *job = level_next(level);

    if (job == NULL)
        return NULL;
    turns_taken(&level->callers, &job->line->share->turn);
    turns_taken(&job->line->share->sessions, &job->line->turn);
    level_remove(level, job);
    job->charged = true;
    return job;
}

void
level_add_debt(struct level *level, const struct job *job)
{
    struct taker *turn = turns_find(&level->callers, job->caller);

    if (turn != NULL)
        turns_add_debt(&level->callers, turn,
                       (uint64_t)level_cost_us(job) * JOB_WEIGHT_DEFAULT / share_of(turn)->weight);
}

// ---- outlook --------------------------------------------------------------------------------

static int64_t
smaller(int64_t a, double b)
{
    return b < (double)a ? (int64_t)b : a;
}

int64_t
level_work_before(const struct level *level, const struct job *job)
{
    const struct share *share = share_of(turns_find(&level->callers, job->caller));
    const struct line *line = NULL;
    double cost_us = (double)level_cost_us(job);
    double others = (double)level->weight;
    int64_t before_us = 0;

    // In each of the two tiers the others get as much as the job's own people do until it is taken,
    // the job itself included, but no more than they have.
    if (share != NULL) {
        line = line_of(turns_find(&share->sessions, job->session));
        others -= share->weight;
    }
    if (line != NULL)
        before_us = line->work_us;
    if (share != NULL)
        before_us += smaller(share->work_us - before_us,
                             ((double)before_us + cost_us) *
                                 (double)(share->sessions.count - (line != NULL ? 1 : 0)));
    return before_us + smaller(level->work_us - (share != NULL ? share->work_us : 0),
                               ((double)before_us + cost_us) * others / (double)weight_of(job));
}
