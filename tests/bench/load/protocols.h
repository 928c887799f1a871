// The protocols that a load can speak, by name.
#ifndef BENCH_PROTOCOLS_H
#define BENCH_PROTOCOLS_H

#include "load.h"

extern const struct protocol protocol_offload, protocol_offload_batch, protocol_offload_gather,
    protocol_offload_map, protocol_relay, protocol_redis, protocol_redis_many, protocol_gearman,
    protocol_nats, protocol_beanstalkd;

#endif
