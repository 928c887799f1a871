// See slots.h.
#include "pool/slots.h"

#include <stdlib.h>
#include <sys/queue.h>

struct slot {
    TAILQ_ENTRY(slot) link;
    struct slot_list *list; // where it stands
    struct job *job;        // NULL in a busy slot: abandoned
    uint64_t number;        // of the job in it, or of the last one
    int64_t cost_us;
    int64_t abandoned_us;
};
TAILQ_HEAD(slot_list, slot);

struct slots {
    unsigned count;
    unsigned at_once;
    unsigned waiting_count;
    unsigned running_count;
    unsigned returned_count;
    unsigned wanted;
    unsigned wanted_running;
    int64_t cost_us;
    struct slot_list idle;
    struct slot_list waiting;
    struct slot_list running;
    struct slot_list returned;
    struct slot items[];
};

static unsigned *
slots_counter(struct slots *slots, const struct slot_list *list)
{
    if (list == &slots->waiting)
        return &slots->waiting_count;
    if (list == &slots->running)
        return &slots->running_count;
    return list == &slots->returned ? &slots->returned_count : NULL;
}

// The one place where a slot changes its list.
static void
slots_move(struct slots *slots, struct slot *slot, struct slot_list *to)
{
    unsigned *from_count = slots_counter(slots, slot->list);
    unsigned *to_count = slots_counter(slots, to);

    if (slot->job != NULL)
        slots->wanted_running += (to == &slots->running) - (slot->list == &slots->running);
    TAILQ_REMOVE(slot->list, slot, link);
    if (from_count != NULL)
        (*from_count)--;
    if (to_count != NULL)
        (*to_count)++;
    slot->list = to;
    TAILQ_INSERT_TAIL(to, slot, link);
}

struct slots *
slots_new(unsigned at_once, unsigned ahead)
{
    unsigned count = at_once + ahead;
    struct slots *slots = calloc(1, sizeof(*slots) + count * sizeof(struct slot));

    if (slots == NULL)
        return NULL;
    slots->count = count;
    slots->at_once = at_once;
    TAILQ_INIT(&slots->idle);
    TAILQ_INIT(&slots->waiting);
    TAILQ_INIT(&slots->running);
    TAILQ_INIT(&slots->returned);
    for (unsigned i = 0; i < count; i++) {
        slots->items[i].number = (uint64_t)i + 1 - count; // so that they count from 1
        slots->items[i].list = &slots->idle;
        TAILQ_INSERT_TAIL(&slots->idle, &slots->items[i], link);
    }
    return slots;
}

void
slots_free(struct slots *slots)
{
    free(slots);
}

unsigned
slots_busy(const struct slots *slots)
{
    return slots->waiting_count + slots->running_count + slots->returned_count;
}

unsigned
slots_waiting(const struct slots *slots)
{
    return slots->waiting_count;
}

unsigned
slots_wanted(const struct slots *slots)
{
    return slots->wanted;
}

unsigned
slots_wanted_running(const struct slots *slots)
{
    return slots->wanted_running;
}

const struct job *
slots_longest(const struct slots *slots)
{
    const struct slot *slot;

    TAILQ_FOREACH (slot, &slots->running, link) // the oldest first
        if (slot->job != NULL)
            return slot->job;
    return NULL;
}

unsigned
slots_abandoned_running(const struct slots *slots)
{
    return slots->running_count - slots->wanted_running;
}

bool
slots_full(const struct slots *slots)
{
    return slots->running_count + slots->waiting_count >= slots->at_once;
}

bool
slots_ahead_full(const struct slots *slots)
{
    return slots_busy(slots) == slots->count;
}

int64_t
slots_cost_us(const struct slots *slots)
{
    return slots->cost_us;
}

uint64_t
slots_next_number(struct slots *slots)
{
    return TAILQ_FIRST(&slots->idle)->number + slots->count;
}

// The number of a slot grows by the count with each job, so it leads back here.
static struct slot *
slots_of_number(struct slots *slots, uint64_t number)
{
    return &slots->items[(number - 1) % slots->count];
}

void
slots_put(struct slots *slots, uint64_t number, struct job *job, int64_t cost_us)
{
    struct slot *slot = slots_of_number(slots, number);

    slot->job = job;
    slot->number = number;
    slot->cost_us = cost_us;
    slots->cost_us += cost_us;
    slots->wanted++;
    slots_move(slots, slot, &slots->waiting);
}

bool
slots_start(struct slots *slots, int64_t now_us, struct job **ret_job)
{
    struct slot *slot = TAILQ_FIRST(&slots->waiting);

    if (slot == NULL || slots->running_count >= slots->at_once)
        return false;
    slots_move(slots, slot, &slots->running);
    slot->abandoned_us = now_us; // counts if it was
    *ret_job = slot->job;
    return true;
}

static struct job *
slots_empty(struct slots *slots, struct slot *slot)
{
    struct job *job = slot->job;

    slots_move(slots, slot, &slots->idle);
    if (job != NULL)
        slots->wanted--;
    slots->cost_us -= slot->cost_us;
    slot->job = NULL;
    return job;
}

// A number as the daemon writes it: digits only.
static bool
parse_number(struct span id, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (id.length == 0 || id.length > 19)
        return false;
    for (size_t i = 0; i < id.length; i++) {
        unsigned digit = (unsigned)(id.at[i] - '0');

        if (digit > 9)
            return false;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return true;
}

// The busy slot with that number; NULL if there is none.
static struct slot *
slots_find(const struct slots *slots, struct span id)
{
    const struct slot *slot;
    uint64_t number;

    if (!parse_number(id, &number))
        return NULL;
    slot = slots_of_number((struct slots *)slots, number);
    return slot->list != &slots->idle && slot->number == number ? (struct slot *)slot : NULL;
}

bool
slots_take(struct slots *slots, struct span id, struct job **ret_job)
{
    struct slot *slot = slots_find(slots, id);

    if (slot != NULL)
        *ret_job = slots_empty(slots, slot);
    return slot != NULL;
}

bool
slots_look(const struct slots *slots, struct span id, struct job **ret_job)
{
    const struct slot *slot = slots_find(slots, id);

    if (slot != NULL)
        *ret_job = slot->job;
    return slot != NULL;
}

bool
slots_return(struct slots *slots, struct span id)
{
    struct slot *slot = slots_find(slots, id);

    if (slot != NULL)
        slots_move(slots, slot, &slots->returned);
    return slot != NULL;
}

void
slots_return_waiting(struct slots *slots)
{
    struct slot *slot;

    while ((slot = TAILQ_FIRST(&slots->waiting)) != NULL)
        slots_move(slots, slot, &slots->returned);
}

static bool
slots_take_last(struct slots *slots, struct slot_list *list, struct job **ret_job)
{
    struct slot *slot = TAILQ_LAST(list, slot_list);

    if (slot != NULL)
        *ret_job = slots_empty(slots, slot);
    return slot != NULL;
}

bool
slots_take_returned(struct slots *slots, struct job **ret_job)
{
    return slots_take_last(slots, &slots->returned, ret_job);
}

bool
slots_take_any(struct slots *slots, struct job **ret_job)
{
    return slots_take_last(slots, &slots->running, ret_job);
}

static struct slot *
find_job(const struct slot_list *list, const struct job *job)
{
    struct slot *slot;

    TAILQ_FOREACH (slot, list, link)
        if (slot->job == job)
            return slot;
    return NULL;
}

uint64_t
slots_abandon(struct slots *slots, const struct job *job, int64_t now_us)
{
    struct slot *slot = find_job(&slots->running, job);

    if (slot != NULL)
        slots->wanted_running--;
    else
        slot = find_job(&slots->waiting, job);
    if (slot == NULL)
        slot = find_job(&slots->returned, job); // while the others that came back are handed on
    if (slot == NULL)
        return 0;
    slot->job = NULL;
    slot->abandoned_us = now_us;
    slots->wanted--;
    return slot->number;
}

bool
slots_oldest_abandoned(const struct slots *slots, int64_t *ret_us)
{
    const struct slot *slot;
    bool found = false;

    if (slots_abandoned_running(slots) == 0)
        return false;
    TAILQ_FOREACH (slot, &slots->running, link) {
        if (slot->job != NULL || (found && slot->abandoned_us >= *ret_us))
            continue;
        *ret_us = slot->abandoned_us;
        found = true;
    }
    return found;
}
