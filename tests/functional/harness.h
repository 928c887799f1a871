// All that a functional test includes.
#ifndef OFFLOAD_TESTS_HARNESS_H
#define OFFLOAD_TESTS_HARNESS_H

#include "assertions.h"
#include "check.h"
#include "command.h"
#include "common/errors.h"
#include "daemon.h"
#include "deadline.h"
#include "fixture.h"
#include "jobs.h"
#include "peer.h"
#include "processes.h"

// One core, one worker, and the worker with faults beside it: jobs queue up in a known order.
#define FAULTY_METHODS                                                                           \
    "exit last_words crash abort half_answer garbage request_back two_answers unknown_id "       \
    "silent\n   "                                                                                \
    " stubborn close_stdout orphan endless_line chatter own_error pid hold\n    progress flood " \
    "nap "                                                                                       \
    "stubborn_family die_first"
#define CONFIG_FAULTY                            \
    "[pool cpu]\nbuiltin = yes\nprocesses = 1\n" \
    "[pool faulty]\nprogram = " WORKER_FAULTY "\nmethods = " FAULTY_METHODS "\nprocesses = 1\n"
#define POOL_CPU    0
#define POOL_FAULTY 1

// A request as text; all three are raw JSON but the method's name.
#define REQUEST(id, method, params) \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}"
#define REQUEST_WITH(options, id, method, params)                                     \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params \
    ",\"options\":" options "}"
#define NOTIFICATION(method, params) \
    "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"params\":" params "}"

#endif
