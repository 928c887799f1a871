// What a test of random trees has seen of the daemon so far, as its client and as its worker, and
// whether that is what the model says.
#ifndef OFFLOAD_TESTS_TREE_PLAY_H
#define OFFLOAD_TESTS_TREE_PLAY_H

#include "harness.h"
#include "tree.h"

#define AT_ONCE     24    // cases
#define ROOTS_MAX   4     // of a case: more than one are a batch
#define NUMBERS_MAX 20000 // of trees, at once

#define MARKER (-1) // the number of a gate that is none of the trees

// What was seen of a tree, by its number.
struct seen {
    struct tree *tree;
    struct root *root;
    long worker_id; // of a gate that has begun; 0: it has not
    bool ended;     // the worker has answered
    bool cancelled; // the worker was asked to stop
    int told;
};

struct root {
    struct tree *tree;
    int id;       // 0: a notification
    char *either; // another answer that would do: a cancel was on its way
    bool raced;
    bool gone; // its client is
};

struct group {
    struct root roots[ROOTS_MAX];
    int count;
    bool batch;
    int answered; // lines
};

struct play {
    struct fixture *fixture;
    unsigned seed;
    struct peer client;
    struct peer worker;
    int listener;
    struct group groups[AT_ONCE];
    struct seen seen[NUMBERS_MAX];
    int numbers;
    long pongs;
    long marker_id; // of the worker, while it is under way
    long steps;
    long gates;
    long races;
    bool timed; // the model has timed something out that the daemon may not have yet
    long cancels;
};

// Each takes in a line; fails the test if it is none that may come.
void play_worker_take(struct play *play, const char *line);
void play_client_take(struct play *play, const char *line);

struct verdict {
    struct play *play;
    char text[256]; // what is not as it should be; empty: nothing
};

bool play_is_as_modelled(struct play *play, struct verdict *ret_verdict);

#endif
