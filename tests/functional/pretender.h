// A daemon that the test plays: it says what it is told to, and remembers what it is asked. Serves
// one client after the other on a Unix socket, in a thread of its own.
#ifndef OFFLOAD_TESTS_PRETENDER_H
#define OFFLOAD_TESTS_PRETENDER_H

#include <stdbool.h>

struct pretender;

struct pretender *pretender_new(const char *path);
void pretender_free(struct pretender *pretender);

// What server.status answers from now on: its result. NULL: it answers nothing any more.
void pretender_set_status(struct pretender *pretender, const char *document);
// Whether params of server.status are refused, as by a daemon of an earlier version.
void pretender_refuse_params(struct pretender *pretender, bool refuse);
// What other methods answer: a member, such as "\"result\":{}".
void pretender_set_answer(struct pretender *pretender, const char *member);

// Goes away with its socket, and comes back.
void pretender_leave(struct pretender *pretender);
void pretender_return(struct pretender *pretender);

// Waits for a request that has this text in it, among those that have come since the last wait.
void pretender_await(struct pretender *pretender, const char *text);
// Whether such a request has come since then.
bool pretender_was_asked(struct pretender *pretender, const char *text);

#endif
