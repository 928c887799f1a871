// What a person looks at in `offload top`, and what a key does about it: which list, which row of
// it, in which order, what is being asked. Plain data; knows keys, not terminals, and says what is
// to be done, but does not do it.
#ifndef OFFLOAD_CLIENT_TOP_VIEW_H
#define OFFLOAD_CLIENT_TOP_VIEW_H

#include "client/listing.h"

#include <stdbool.h>
#include <stddef.h>

// Other keys are their characters.
enum top_key {
    TOP_KEY_UP = 0x100,
    TOP_KEY_DOWN,
    TOP_KEY_PAGE_UP,
    TOP_KEY_PAGE_DOWN,
    TOP_KEY_HOME,
    TOP_KEY_END,
    TOP_KEY_OTHER,
};

// What is to be done about a key.
enum top_act {
    TOP_NOTHING,
    TOP_QUIT,
    TOP_ASK,    // for the status, now
    TOP_REDRAW, // the whole terminal: something has written over it
    TOP_PAUSE,  // the pool in view->target
    TOP_RESUME,
    TOP_KILL, // the worker in view->target
};

enum top_mode {
    TOP_BROWSING,
    TOP_CONFIRMING, // that the worker in view->target is to be killed
    TOP_HELPING,
};

struct top_list {
    size_t *order; // rows of the status
    size_t count;
    size_t selected; // index into order
    size_t first;    // the first that is to be seen
    size_t visible;  // so many were to be seen the last time
    size_t sort;
    bool reverse;
};

struct top_target {
    char *pool;
    long slot;
    long pid;
};

struct top_view {
    enum top_mode mode;
    enum listing focus;
    struct top_list lists[LISTING_COUNT];
    struct top_target target;
};

void top_view_init(struct top_view *view);
void top_view_done(struct top_view *view);

// There is a new status. What was selected in the one before (NULL: there is none) stays so,
// wherever it stands now. False when out of memory.
bool top_view_take(struct top_view *view, const struct status *status, const struct status *before);

// A key was pressed; status NULL: there is none yet.
enum top_act top_view_key(struct top_view *view, const struct status *status, int key);

// So many rows of the list are to be seen: brings the selected one among them.
void top_view_scroll(struct top_view *view, enum listing listing, size_t visible);

#endif
