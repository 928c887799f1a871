// See done_set.h.
#include "client/done_set.h"

#include <stdlib.h>
#include <string.h>

// The first range that ends at the number or after it.
static size_t
find(const struct done_set *set, uint64_t number)
{
    size_t low = 0;
    size_t high = set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (set->ranges[middle].last < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool
insert(struct done_set *set, size_t at, struct done_range range)
{
    if (set->count == set->capacity) {
        size_t capacity = set->capacity > 0 ? 2 * set->capacity : 16;
        struct done_range *ranges = realloc(set->ranges, capacity * sizeof(*ranges));

        if (ranges == NULL)
            return false;
        set->ranges = ranges;
        set->capacity = capacity;
    }
    memmove(&set->ranges[at + 1], &set->ranges[at], (set->count - at) * sizeof(range));
    set->ranges[at] = range;
    set->count++;
    return true;
}

static void
drop(struct done_set *set, size_t at)
{
    set->count--;
    memmove(&set->ranges[at], &set->ranges[at + 1], (set->count - at) * sizeof(*set->ranges));
}

bool
done_set_has(const struct done_set *set, uint64_t number)
{
    size_t at = find(set, number);

    return at < set->count && set->ranges[at].first <= number;
}

bool
done_set_add(struct done_set *set, uint64_t number)
{
    size_t at = find(set, number);
    bool joins_before = at > 0 && set->ranges[at - 1].last + 1 == number;
    bool joins_after = at < set->count && set->ranges[at].first == number + 1;

    if (done_set_has(set, number))
        return true;
    if (joins_before && joins_after) {
        set->ranges[at - 1].last = set->ranges[at].last;
        drop(set, at);
    } else if (joins_before) {
        set->ranges[at - 1].last = number;
    } else if (joins_after) {
        set->ranges[at].first = number;
    } else {
        return insert(set, at, (struct done_range){number, number});
    }
    return true;
}

bool
done_set_remove(struct done_set *set, uint64_t number)
{
    size_t at = find(set, number);
    struct done_range range;

    if (!done_set_has(set, number))
        return true;
    range = set->ranges[at];
    if (range.first < number && range.last > number) {
        if (!insert(set, at, (struct done_range){range.first, number - 1}))
            return false;
        set->ranges[at + 1].first = number + 1;
    } else if (range.first < number) {
        set->ranges[at].last = number - 1;
    } else if (range.last > number) {
        set->ranges[at].first = number + 1;
    } else {
        drop(set, at);
    }
    return true;
}

void
done_set_done(struct done_set *set)
{
    free(set->ranges);
    *set = (struct done_set){0};
}
