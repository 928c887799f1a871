// What the cases of check-worker ask, in one go: a request is sent and its answer awaited. All
// return false when the verdict is decided.
#ifndef OFFLOAD_CLIENT_CHECK_ASK_H
#define OFFLOAD_CLIENT_CHECK_ASK_H

#include "client/check_talk.h"

// Sends a text that was allocated (NULL: out of memory) and frees it.
bool
check_send_text(struct check_talk *talk, char *text, size_t length, struct check_verdict *verdict);

// A request, without waiting for its answer.
bool check_send_request(struct check_talk *talk, const struct check_asked *asked,
                        struct check_verdict *verdict);
bool check_send_cancel(struct check_talk *talk, uint64_t id, struct check_verdict *verdict);

// A single request whose id was not used before. If it is the next, the next one is used up.
bool check_ask_for(struct check_talk *talk, const struct check_asked *asked,
                   struct check_verdict *verdict);

// For the method that is being checked, with these params.
bool
check_ask(struct check_talk *talk, uint64_t id, struct span params, struct check_verdict *verdict);

// With the user's params, or a short text.
bool check_ask_plainly(struct check_talk *talk, struct check_verdict *verdict);

// With this text in the params; the answer's text must be the same.
bool check_ask_with_text(struct check_talk *talk, struct span text, struct check_verdict *verdict);

// So many requests in one piece of text.
bool check_ask_at_once(struct check_talk *talk, unsigned count, struct check_verdict *verdict);

#endif
