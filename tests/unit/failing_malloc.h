// Allocation failures in turn. A test that is linked with --wrap for the allocating functions (see
// CMakeLists.txt: every test_*memory.c) runs a piece of code again and again; in run n the n-th
// allocation fails, until a run gets by without a failure.
//
//     FAIL_EACH_ALLOCATION(run) { ... the code, and what must hold if allocation_failed() ... }
#ifndef OFFLOAD_TESTS_UNIT_FAILING_MALLOC_H
#define OFFLOAD_TESTS_UNIT_FAILING_MALLOC_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t allocations_until_failure; // 0: none fails
static bool allocation_has_failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__real_reallocarray(void *at, size_t count, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
void *__wrap_reallocarray(void *at, size_t count, size_t size);
char *__wrap_strdup(const char *text);
int __wrap_asprintf(char **ret_text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_vasprintf(char **ret_text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static bool
allocation_fails(void)
{
    if (allocations_until_failure == 0 || --allocations_until_failure > 0)
        return false;
    allocation_has_failed = true;
    return true;
}

void *
__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *at, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(at, size);
}

void *
__wrap_reallocarray(void *at, size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_reallocarray(at, count, size);
}

char *
__wrap_strdup(const char *text)
{
    return allocation_fails() ? NULL : __real_strdup(text);
}

// Made by hand, so that the memory comes from the allocator that the sanitizers know. After a
// failure the pointer is undefined (asprintf(3)): here it is one that nobody may free.
int
__wrap_vasprintf(char **ret_text, const char *format, va_list arguments)
{
    va_list again;
    int length;

    *ret_text = (char *)16;
    if (allocation_fails())
        return -1;
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    *ret_text = __real_malloc((size_t)length + 1);
    return vsnprintf(*ret_text, (size_t)length + 1, format, arguments);
}

int
__wrap_asprintf(char **ret_text, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = __wrap_vasprintf(ret_text, format, arguments);
    va_end(arguments);
    return length;
}

// Stops failing, so that the test's own checks run undisturbed. True if an allocation failed.
static inline bool
allocation_failed(void)
{
    allocations_until_failure = 0;
    return allocation_has_failed;
}

static inline bool
failing_begin(size_t run)
{
    // The run before went through without a failure: all places were tried.
    if (run > 1 && !allocation_failed())
        return false;
    allocation_has_failed = false;
    allocations_until_failure = run;
    return true;
}

#define FAIL_EACH_ALLOCATION(run) for (size_t run = 1; failing_begin(run); run++)

#endif
