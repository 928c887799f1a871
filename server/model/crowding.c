// See crowding.h.
#include "model/crowding.h"

// Less than a wake-up costs, and less than any wait for a disk or for a peer: such a job needs a
// core and nothing else.
#define TINY_US 10

// More workers than cores would only push each other aside. That they do so already makes jobs look
// longer than they are.
bool
crowding_pays(int64_t cost_us, unsigned busy, unsigned cores)
{
    return cores > 0 && busy >= cores && cost_us <= (int64_t)TINY_US * busy / cores;
}
