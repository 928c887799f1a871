// See window.h. The place of an id is id % size. In order the ids are 1, 2, 3, ..., and the calls
// `first` to `next` - 1 are under way. Otherwise the id is a count of rounds times size plus the
// place, and free places are on a stack.
#include "client/window.h"

#include <stdlib.h>

struct window {
    unsigned size;
    bool ordered;
    unsigned sent;
    unsigned used;
    uint64_t first; // in order
    uint64_t next;  // in order: the next id; else the rounds
    unsigned *free_places;
    struct window_place *places;
};

struct window *
window_new(unsigned size, bool ordered)
{
    struct window *window = calloc(1, sizeof(*window));

    if (window == NULL)
        return NULL;
    window->size = size;
    window->ordered = ordered;
    window->first = 1;
    window->next = 1;
    window->places = calloc(size, sizeof(*window->places));
    window->free_places = calloc(size, sizeof(*window->free_places));
    if (window->places == NULL || window->free_places == NULL) {
        window_free(window);
        return NULL;
    }
    for (unsigned i = 0; i < size; i++)
        window->free_places[i] = size - 1 - i;
    return window;
}

void
window_free(struct window *window)
{
    if (window == NULL)
        return;
    for (unsigned i = 0; window->places != NULL && i < window->size; i++)
        free(window->places[i].text);
    free(window->places);
    free(window->free_places);
    free(window);
}

bool
window_is_full(const struct window *window)
{
    return window->used == window->size;
}

unsigned
window_sent(const struct window *window)
{
    return window->sent;
}

bool
window_is_empty(const struct window *window)
{
    return window->used == 0;
}

struct window_place *
window_take(struct window *window, uint64_t number)
{
    struct window_place *place;
    uint64_t id = window->next++;

    if (!window->ordered)
        id = id * window->size + window->free_places[window->size - window->used - 1];
    place = &window->places[id % window->size];
    *place = (struct window_place){.state = WINDOW_SENT, .id = id, .number = number};
    window->used++;
    window->sent++;
    return place;
}

struct window_place *
window_find(struct window *window, uint64_t id)
{
    struct window_place *place = &window->places[id % window->size];

    return place->state == WINDOW_SENT && place->id == id ? place : NULL;
}

struct window_place *
window_any_sent(struct window *window)
{
    for (unsigned i = 0; i < window->size; i++) {
        // In order, the earliest call comes first.
        unsigned at = window->ordered ? (unsigned)((window->first + i) % window->size) : i;

        if (window->places[at].state == WINDOW_SENT)
            return &window->places[at];
    }
    return NULL;
}

bool
window_hold(struct window *window, struct window_place *place, bool failed, struct span text)
{
    char *copy = malloc(text.length + 1);

    if (copy == NULL)
        return false;
    memcpy(copy, text.at, text.length);
    copy[text.length] = '\0';
    place->text = copy;
    place->length = text.length;
    place->failed = failed;
    place->state = WINDOW_HELD;
    window->sent--;
    return true;
}

struct window_place *
window_first_held(struct window *window)
{
    struct window_place *place = &window->places[window->first % window->size];

    return window->used > 0 && place->state == WINDOW_HELD ? place : NULL;
}

void
window_release(struct window *window, struct window_place *place)
{
    if (place->state == WINDOW_SENT)
        window->sent--;
    window->used--;
    if (window->ordered)
        window->first++;
    else
        window->free_places[window->size - window->used - 1] = (unsigned)(place->id % window->size);
    free(place->text);
    *place = (struct window_place){.state = WINDOW_FREE};
}
