// See slots.h.
#include "pool/slots.h"

#include <stdlib.h>

struct slot {
    bool busy;
    struct job *job; // NULL in a busy slot: abandoned
    uint64_t number; // of the job in it, or of the last one
    int64_t abandoned_us;
};

struct slots {
    unsigned count;
    unsigned busy;
    unsigned wanted;
    unsigned next; // where the search for a free one begins
    struct slot items[];
};

struct slots *
slots_new(unsigned count)
{
    struct slots *slots = calloc(1, sizeof(*slots) + count * sizeof(struct slot));

    if (slots == NULL)
        return NULL;
    slots->count = count;
    for (unsigned i = 0; i < count; i++)
        slots->items[i].number = i;
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
    return slots->busy;
}

unsigned
slots_wanted(const struct slots *slots)
{
    return slots->wanted;
}

bool
slots_full(const struct slots *slots)
{
    return slots->busy == slots->count;
}

uint64_t
slots_next_number(struct slots *slots)
{
    while (slots->items[slots->next].busy)
        slots->next = (slots->next + 1) % slots->count;
    return slots->items[slots->next].number + slots->count;
}

void
slots_put(struct slots *slots, uint64_t number, struct job *job)
{
    slots->items[number % slots->count] = (struct slot){.busy = true, .job = job, .number = number};
    slots->busy++;
    slots->wanted++;
}

static struct job *
slots_empty(struct slots *slots, struct slot *slot)
{
    struct job *job = slot->job;

    if (job != NULL)
        slots->wanted--;
    slot->busy = false;
    slot->job = NULL;
    slots->next = (unsigned)(slot - slots->items);
    slots->busy--;
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
    slot = &slots->items[number % slots->count];
    return slot->busy && slot->number == number ? (struct slot *)slot : NULL;
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
slots_take_any(struct slots *slots, struct job **ret_job)
{
    for (unsigned i = slots->count; i-- > 0;) {
        if (slots->items[i].busy) {
            *ret_job = slots_empty(slots, &slots->items[i]);
            return true;
        }
    }
    return false;
}

uint64_t
slots_abandon(struct slots *slots, const struct job *job, int64_t now_us)
{
    for (unsigned i = 0; i < slots->count; i++) {
        struct slot *slot = &slots->items[i];

        if (!slot->busy || slot->job != job)
            continue;
        slot->job = NULL;
        slot->abandoned_us = now_us;
        slots->wanted--;
        return slot->number;
    }
    return 0;
}

bool
slots_oldest_abandoned(const struct slots *slots, int64_t *ret_us)
{
    bool found = false;

    if (slots->busy == slots->wanted)
        return false;
    for (unsigned i = 0; i < slots->count; i++) {
        const struct slot *slot = &slots->items[i];

        if (!slot->busy || slot->job != NULL || (found && slot->abandoned_us >= *ret_us))
            continue;
        *ret_us = slot->abandoned_us;
        found = true;
    }
    return found;
}
