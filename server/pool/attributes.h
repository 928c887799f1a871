// What the configuration says of a pool's processes, made ready for spawn.h: names are looked up
// once, before any process is started.
#ifndef OFFLOAD_POOL_ATTRIBUTES_H
#define OFFLOAD_POOL_ATTRIBUTES_H

#include "model/config.h"
#include "pool/spawn.h"

// Fills *ret (attributes_done). `open_files` serves where the pool says nothing. 0, or a negative
// errno with a static sentence in *ret_problem: no such user or group.
int attributes_init(struct spawn_attributes *ret, const struct pool_config *config,
                    unsigned long open_files, const char **ret_problem);
void attributes_done(struct spawn_attributes *attributes);

#endif
