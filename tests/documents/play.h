// Plays one example of a document against a daemon of its own. See protocol.md for the notation.
#ifndef OFFLOAD_TESTS_PLAY_H
#define OFFLOAD_TESTS_PLAY_H

#include "document.h"
#include "tests/functional/fixture.h"

// What the test of one example is made of; the scenario comes first, so that a pointer to one is a
// pointer to the other.
struct example_scenario {
    struct scenario scenario;
    const struct document *document;
    const struct example *example;
};

// The scenario's `run`. It starts the daemon itself (`manual`).
void play_example(struct fixture *fixture);

#endif
