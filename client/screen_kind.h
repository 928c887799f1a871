// Is the terminal of a kind (TERM) that a screen can be made of?
#ifndef OFFLOAD_CLIENT_SCREEN_KIND_H
#define OFFLOAD_CLIENT_SCREEN_KIND_H

#include <stdbool.h>

// True if it is known and can place its cursor.
bool screen_kind_is_usable(void);

#endif
