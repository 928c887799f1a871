// offload top on a terminal of the test, before a daemon that the test plays.
#ifndef OFFLOAD_TESTS_STAGE_H
#define OFFLOAD_TESTS_STAGE_H

#include "fixture.h"
#include "pretender.h"
#include "screen.h"
#include "tests/unit/client/status_documents.h"

struct stage {
    struct screen screen;
    struct pretender *pretender;
    char address[128];
};

// The end of the last row: what keys there are.
#define STAGE_KEYS "Tab list  s r sort  p pause  k kill"

// An environment in which text is UTF-8.
extern const char *const stage_utf8[];

// The daemon alone; then top on a terminal of that size.
void stage_set(struct fixture *fixture, struct stage *stage, const char *document);
void
stage_start(struct stage *stage, unsigned rows, unsigned columns, const char *const environment[]);
// Both, on a usual terminal.
void stage_begin(struct fixture *fixture, struct stage *stage, const char *document);

// Waits until the first figures are to be seen, with the first of two workers selected.
void stage_await_drawn(struct stage *stage);

// Waits for the end of the program: it exits with that status and leaves the terminal as it was.
void stage_expect_exit(struct stage *stage, int status);
void stage_end(struct stage *stage);
// By the key, and all of it.
void stage_quit(struct stage *stage);

#endif
