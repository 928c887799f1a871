// The head of a status in some lines: who the daemon is, its jobs, how fast they are answered, and
// how fast the daemon itself is.
#ifndef OFFLOAD_CLIENT_SUMMARY_H
#define OFFLOAD_CLIENT_SUMMARY_H

#include "client/page.h"
#include "client/status.h"

// At most so many lines, the most important first.
#define SUMMARY_LINES 4
void summary_put(const struct status *status, size_t lines, struct page *page);

#endif
