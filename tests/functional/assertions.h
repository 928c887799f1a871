// cmocka with the headers it wants before it.
#ifndef OFFLOAD_TESTS_ASSERTIONS_H
#define OFFLOAD_TESTS_ASSERTIONS_H

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#endif
