// See gather_tally.h.
#include "session/gather_tally.h"

#include "common/message.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

// An outcome as it will stand in the list.
struct gather_place {
    char *text; // NULL: not over
    uint32_t length;
};

static bool
answers_list(enum gather_mode mode)
{
    return mode == GATHER_ALL || mode == GATHER_SETTLED;
}

int
gather_tally_init(struct gather_tally *tally, enum gather_mode mode, size_t count, size_t limit)
{
    struct gather_tally fresh = {.mode = mode, .count = count, .limit = limit};

    if (answers_list(mode) && count > 0) {
        fresh.places = calloc(count, sizeof(struct gather_place));
        if (fresh.places == NULL)
            return -ENOMEM;
        fresh.size = count * sizeof(struct gather_place);
    }
    fresh.decided = count == 0;
    *tally = fresh;
    return 0;
}

static void
free_places(struct gather_tally *tally)
{
    for (size_t i = 0; tally->places != NULL && i < tally->next; i++)
        free(tally->places[i].text);
    free(tally->places);
    tally->places = NULL;
    tally->size = 0;
}

void
gather_tally_done(struct gather_tally *tally)
{
    free_places(tally);
    free(tally->verdict);
    tally->verdict = NULL;
}

bool
gather_tally_may_start(const struct gather_tally *tally)
{
    return !tally->decided && tally->next < tally->count && tally->under_way < tally->limit;
}

size_t
gather_tally_start(struct gather_tally *tally)
{
    tally->under_way++;
    return tally->next++;
}

// A copy as the mode wants it; NULL when out of memory.
static char *
dress(enum gather_mode mode, bool failed, struct span body, size_t *ret_length)
{
    const struct iovec plain = {.iov_base = (char *)body.at, .iov_len = body.length};
    const struct iovec settled[] = {
        {.iov_base = (char *)(failed ? "{\"error\":" : "{\"result\":"), .iov_len = failed ? 9 : 10},
        plain,
        {.iov_base = (char *)"}", .iov_len = 1},
    };

    return mode == GATHER_SETTLED ? message_join(settled, 3, ret_length)
                                  : message_join(&plain, 1, ret_length);
}

static void
set_verdict(struct gather_tally *tally, bool failed, char *text, size_t length)
{
    free(tally->verdict);
    tally->verdict = text;
    tally->verdict_length = length;
    tally->failed = failed;
}

// What one outcome means for the whole.
static void
judge(struct gather_tally *tally, bool failed)
{
    switch (tally->mode) {
    case GATHER_ALL:
        tally->decided = failed || tally->over == tally->count;
        return;
    case GATHER_SETTLED:
        tally->decided = tally->over == tally->count;
        return;
    case GATHER_ANY:
        tally->decided = !failed || tally->over == tally->count;
        return;
    case GATHER_FIRST:
        tally->decided = true;
        return;
    }
}

int
gather_tally_put(struct gather_tally *tally, size_t index, bool failed, struct span body)
{
    size_t length;
    char *text = dress(tally->mode, failed, body, &length);

    if (text == NULL)
        return -ENOMEM;
    tally->under_way--;
    tally->over++;
    if (tally->mode == GATHER_SETTLED || (tally->mode == GATHER_ALL && !failed)) {
        tally->places[index] = (struct gather_place){.text = text, .length = (uint32_t)length};
        tally->size += length;
    } else {
        set_verdict(tally, failed, text, length);
    }
    judge(tally, failed);
    return 0;
}

void
gather_tally_fail(struct gather_tally *tally, char *error, size_t length)
{
    free_places(tally);
    set_verdict(tally, true, error, length);
    tally->decided = true;
}

size_t
gather_tally_size(const struct gather_tally *tally)
{
    return tally->size + (tally->verdict != NULL ? tally->verdict_length : 0);
}

// Takes each outcome out of its place as it goes, so that no more than one of them is there twice.
static char *
join(struct gather_tally *tally, size_t *ret_length)
{
    size_t length = 2 + (tally->count > 0 ? tally->count - 1 : 0);
    char *list;
    char *out;

    for (size_t i = 0; i < tally->count; i++)
        length += tally->places[i].length;
    list = malloc(length + 1);
    if (list == NULL)
        return NULL;
    out = mempcpy(list, "[", 1);
    for (size_t i = 0; i < tally->count; i++) {
        struct gather_place *place = &tally->places[i];

        if (i > 0)
            *out++ = ',';
        out = mempcpy(out, place->text, place->length);
        free(place->text);
        place->text = NULL;
    }
    memcpy(out, "]", 2);
    *ret_length = length;
    return list;
}

char *
gather_tally_answer(struct gather_tally *tally, bool *ret_failed, size_t *ret_length)
{
    bool list = answers_list(tally->mode) && !tally->failed;
    char *answer = list ? join(tally, ret_length) : tally->verdict;

    if (!list) {
        *ret_length = tally->verdict_length;
        tally->verdict = NULL;
    }
    *ret_failed = tally->failed;
    free_places(tally);
    return answer;
}
