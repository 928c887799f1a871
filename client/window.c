// See window.h. In order the jobs `first` to `next` - 1 are under way, each in the place of its
// number modulo the size. Otherwise free places are on a stack.
#include "client/window.h"

#include <stdlib.h>

struct window {
    unsigned size;
    bool ordered;
    unsigned open;
    unsigned used;
    uint64_t first; // in order
    uint64_t next;  // in order
    unsigned *free_places;
    struct window_place *places;
};

struct window *
window_new(unsigned size, bool ordered, void *owner)
{
    struct window *window = calloc(1, sizeof(*window));

    if (window == NULL)
        return NULL;
    window->size = size;
    window->ordered = ordered;
    window->places = calloc(size, sizeof(*window->places));
    window->free_places = calloc(size, sizeof(*window->free_places));
    if (window->places == NULL || window->free_places == NULL) {
        window_free(window);
        return NULL;
    }
    for (unsigned i = 0; i < size; i++) {
        window->free_places[i] = size - 1 - i;
        window->places[i].owner = owner;
    }
    return window;
}

void
window_free(struct window *window)
{
    if (window == NULL)
        return;
    for (unsigned i = 0; window->places != NULL && i < window->size; i++)
        job_done(&window->places[i].job);
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
window_open(const struct window *window)
{
    return window->open;
}

bool
window_is_empty(const struct window *window)
{
    return window->used == 0;
}

struct window_place *
window_take(struct window *window)
{
    unsigned at = window->ordered ? (unsigned)(window->next++ % window->size)
                                  : window->free_places[window->size - window->used - 1];
    struct window_place *place = &window->places[at];

    place->state = WINDOW_OPEN;
    window->used++;
    window->open++;
    return place;
}

struct window_place *
window_at(struct window *window, unsigned index)
{
    return window->places[index].state == WINDOW_OPEN ? &window->places[index] : NULL;
}

void
window_hold(struct window *window, struct window_place *place)
{
    place->state = WINDOW_HELD;
    window->open--;
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
    if (place->state == WINDOW_OPEN)
        window->open--;
    window->used--;
    if (window->ordered)
        window->first++;
    else
        window->free_places[window->size - window->used - 1] = (unsigned)(place - window->places);
    job_done(&place->job);
    place->state = WINDOW_FREE;
}
