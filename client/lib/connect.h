// Connects to a daemon's address, or finds the daemon. Blocks, but never beyond a deadline.
#ifndef OFFLOAD_LIB_CONNECT_H
#define OFFLOAD_LIB_CONNECT_H

#include "common/address.h"

#define CONNECT_TIMEOUT_MS 5000

// `text` NULL: where OFFLOAD_SERVER says, else the first default address that answers. Returns a
// non-blocking descriptor, with the address as a user would type it, or a negative errno value.
int connect_text(const char *text, char ret_address[ADDRESS_TEXT_MAX]);

#endif
