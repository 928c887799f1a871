// Whether workers that are busy get a tiny job, rather than one that would have to be woken for it.
// Plain data.
#ifndef OFFLOAD_MODEL_CROWDING_H
#define OFFLOAD_MODEL_CROWDING_H

#include <stdbool.h>
#include <stdint.h>

// `cost_us`: how long jobs of its method take as the clock sees it, with `busy` workers at a time
// that share `cores`.
bool crowding_pays(int64_t cost_us, unsigned busy, unsigned cores);

#endif
