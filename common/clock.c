// See clock.h.
#include "common/clock.h"

_Thread_local int64_t clock_held_us;
