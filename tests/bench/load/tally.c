// The books of a load: see tally.h. It must not know how answers travel.
#include "tally.h"

#include <err.h>
#include <stdlib.h>
#include <time.h>

#define SHOWN_MAX 200 // bytes of a wrong answer

struct slot {
    uint64_t number; // plus 1; 0: free
    uint64_t sent_ns;
    unsigned lane;
};

uint64_t
clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void
tally_init(struct tally *tally, const struct work *work, size_t under_way_max, bool timed)
{
    *tally = (struct tally){.work = work, .size = 1024, .timed = timed};
    while (tally->size < 4 * under_way_max)
        tally->size *= 2;
    tally->slots = calloc(tally->size, sizeof(tally->slots[0]));
    if (tally->slots == NULL)
        err(1, "the tally");
}

void
tally_done(struct tally *tally)
{
    free(tally->slots);
    free(tally->latencies_ns);
}

static struct slot *
slot_of(const struct tally *tally, uint64_t number)
{
    return &tally->slots[number & (tally->size - 1)];
}

bool
tally_has_room(const struct tally *tally, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slot_of(tally, tally->next + i)->number != 0)
            return false;
    return true;
}

uint64_t
tally_send(struct tally *tally, unsigned lane)
{
    struct slot *slot = slot_of(tally, tally->next);

    *slot = (struct slot){.number = tally->next + 1, .sent_ns = tally->now_ns, .lane = lane};
    return tally->next++;
}

static void
keep_latency(struct tally *tally, uint64_t sent_ns)
{
    uint64_t took_ns = clock_ns() - sent_ns;

    if (tally->latencies == tally->latencies_size) {
        tally->latencies_size = tally->latencies_size == 0 ? 65536 : 2 * tally->latencies_size;
        tally->latencies_ns =
            realloc(tally->latencies_ns, tally->latencies_size * sizeof(uint32_t));
        if (tally->latencies_ns == NULL)
            err(1, "the latencies");
    }
    tally->latencies_ns[tally->latencies++] = took_ns > UINT32_MAX ? UINT32_MAX : (uint32_t)took_ns;
}

void
tally_answer(struct tally *tally, unsigned lane, uint64_t number, const char *answer, size_t length)
{
    struct slot *slot = slot_of(tally, number);

    if (slot->number != number + 1 || slot->lane != lane)
        errx(1, "an answer to job %llu on connection %u, which is not under way there",
             (unsigned long long)number, lane);
    if (!work_right(tally->work, number, answer, length))
        errx(1, "a wrong answer to job %llu: %.*s", (unsigned long long)number,
             (int)(length < SHOWN_MAX ? length : SHOWN_MAX), answer);
    if (tally->timed)
        keep_latency(tally, slot->sent_ns);
    slot->number = 0;
    tally->answered++;
}

static int
compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

double
tally_percentile_us(struct tally *tally, double share)
{
    size_t at = (size_t)((double)tally->latencies * share);

    if (tally->latencies == 0)
        return 0;
    qsort(tally->latencies_ns, tally->latencies, sizeof(uint32_t), compare);
    return tally->latencies_ns[at < tally->latencies ? at : tally->latencies - 1] / 1e3;
}
