// A model of gathers: trees of calls, and what the protocol says will come of them. It knows no
// daemon; the test compares.
//
// A gate is a job that ends when the test says so. Everything else follows: calls that begin, calls
// that are dropped, outcomes told, answers. Where the daemon may do two things in either order the
// model does as much as possible, and what it says of dropped calls is an upper bound.
#ifndef OFFLOAD_TESTS_TREE_H
#define OFFLOAD_TESTS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TREE_CHILDREN_MAX 5
#define TREE_DEPTH_MAX    3      // gather-depth-max of the daemon
#define TREE_TIMEOUT      "0.01" // seconds, of what is timed
#define TREE_TIMEOUT_MS   10

enum tree_kind {
    TREE_GATE,    // a job that the test ends
    TREE_PING,    // a method of the daemon: over at once
    TREE_UNKNOWN, // no such method: likewise
    TREE_DOOMED,  // a sleep that times out
    TREE_GATHER,
    TREE_MAP, // over gates
};

enum tree_mode {
    TREE_ALL,
    TREE_SETTLED,
    TREE_ANY,
    TREE_FIRST,
    TREE_MODES,
};

enum tree_state {
    TREE_WAITING,
    TREE_UNDER_WAY,
    TREE_OVER,
    TREE_DROPPED, // it is not wanted any more
};

struct tree {
    enum tree_kind kind;
    enum tree_mode mode;
    enum tree_state state;
    int number;          // of all trees; names gates and tokens
    bool listens;        // a gather with a token: its outcomes are told
    bool timed;          // a gather with a timeout
    bool heard;          // it stands in a request, not in a notification
    int limit;           // 0: none
    unsigned depth;      // gathers and maps above it, itself included
    struct tree *parent; // NULL: a root
    int index;           // in it
    struct tree *children[TREE_CHILDREN_MAX];
    int count;
    int next;
    int under_way;
    int over;
    bool failed;
    char *outcome; // raw JSON; of an OVER one
    char **told;   // what is told under its token, in order
    int told_count;
};

// ---- making them (tree_make.c) --------------------------------------------------------------

// A random one. The first numbers from *number on are its.
struct tree *tree_new(unsigned *seed, int *number, bool heard);
void tree_free(struct tree *tree);

// Writes "method":...,"params":...,"options":... of its call.
void tree_write(const struct tree *tree, FILE *out);

// Calls it for every node, parents first.
void tree_each(struct tree *tree, void (*call)(struct tree *tree, void *context), void *context);

// ---- what happens (tree.c) ------------------------------------------------------------------

// Begins a root, and all that begins with it.
void tree_start(struct tree *root);
// A gate that is under way ends.
void tree_end_gate(struct tree *gate, bool failed);
// A root that is not over is answered so and what is under way in it dropped. NULL: only dropped.
void tree_stop(struct tree *root, const char *error);
// A timeout that counts is over. False if there is none.
bool tree_time_out(struct tree *root);
// Back to before the start.
void tree_reset(struct tree *tree);

#endif
