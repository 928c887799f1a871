// The answer to a batch while it is being gathered: one place per element, in the order of the
// requests, filled in any order. Plain data.
#ifndef OFFLOAD_SESSION_BATCH_H
#define OFFLOAD_SESSION_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct batch;

// `count` places. It begins with one answer expected, on behalf of whoever fills it: batch_unexpect
// when all elements were looked at. NULL when out of memory.
struct batch *batch_new(size_t count);
void batch_free(struct batch *batch);

// One more answer will come.
void batch_expect(struct batch *batch);

// Puts an expected answer into its place, copying it. 0 or -ENOMEM: then nothing has changed.
int batch_put(struct batch *batch, size_t index, const struct iovec *iov, int count);

// One of the expected answers will not come.
void batch_unexpect(struct batch *batch);
bool batch_is_complete(const struct batch *batch);

// Bytes of the answers so far, each with what stands before it.
size_t batch_size(const struct batch *batch);

// The whole array as pieces, newline included: batch_pieces_max entries at most; 0 if there is no
// answer at all (notifications only). The pieces belong to the batch, which is complete and asked
// once.
int batch_pieces_max(const struct batch *batch);
int batch_pieces(struct batch *batch, struct iovec *iov);

#endif
