// A plug-in as an example: the checksum of a text, and a count of primes that tells how far it is
// and stops when nobody wants it any more. See offload-plugin(3).
#include <errno.h>
#include <offload-plugin.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define INVALID_PARAMS -32602 // of JSON-RPC 2.0
#define OUT_OF_MEMORY  1      // of our own

#define PRIMES_BELOW_MAX 1000000000000
#define WINDOW           ((uint64_t)1 << 18) // numbers that are sieved at once

// ---- crc32 {"text": "..."}: the CRC-32 of zip and gzip over the UTF-8 bytes ----------------

struct crc_table {
    uint32_t of[256];
};

static struct crc_table *
crc_table_new(void)
{
    struct crc_table *table = malloc(sizeof(*table));

    for (uint32_t byte = 0; table != NULL && byte < 256; byte++) {
        uint32_t value = byte;

        for (int bit = 0; bit < 8; bit++)
            value = (value & 1) != 0 ? value >> 1 ^ 0xedb88320U : value >> 1;
        table->of[byte] = value;
    }
    return table;
}

static void
run_crc32(struct offload_job *job)
{
    const struct crc_table *table = offload_state(job);
    const json_t *params = offload_params_json(job);
    const json_t *text = json_object_get(params, "text");
    const char *bytes = json_string_value(text);
    uint32_t crc = 0xffffffffU;

    if (params == NULL)
        return; // it has its answer already
    if (bytes == NULL) {
        offload_error(job, INVALID_PARAMS, "crc32 needs a string \"text\"", NULL);
        return;
    }
    for (size_t i = 0; i < json_string_length(text); i++)
        crc = crc >> 8 ^ table->of[(crc ^ (unsigned char)bytes[i]) & 0xff];
    offload_result_json(job, json_integer(crc ^ 0xffffffffU));
}

// ---- primes {"below": N}: how many there are -----------------------------------------------

// Marks the multiples of `step`, from its square on, in the window that begins at `start`.
static void
cross_out(unsigned char *window, uint64_t start, uint64_t end, uint64_t step)
{
    uint64_t first = (start + step - 1) / step * step;

    if (first < step * step)
        first = step * step;
    for (uint64_t number = first; number < end; number += step)
        window[number - start] = 1;
}

// The primes from `start` (2 or more) to below `end`.
static uint64_t
count_window(unsigned char *window, uint64_t start, uint64_t end)
{
    uint64_t count = 0;

    memset(window, 0, end - start);
    for (uint64_t step = 2; step * step < end; step += step == 2 ? 1 : 2)
        cross_out(window, start, end, step);
    for (uint64_t i = 0; i < end - start; i++)
        count += window[i] == 0;
    return count;
}

static void
count_primes(struct offload_job *job, unsigned char *window, uint64_t below)
{
    uint64_t count = 0;
    uint64_t end;

    for (uint64_t start = 2; start < below; start = end) {
        end = below - start > WINDOW ? start + WINDOW : below;
        count += count_window(window, start, end);
        if (offload_cancelled(job))
            return; // the worker answers for us
        offload_progress_json(
            job, OFFLOAD_REPORT,
            json_pack("{s:I,s:I}", "done", (json_int_t)end, "total", (json_int_t)below));
    }
    offload_result_json(job, json_integer((json_int_t)count));
}

static void
run_primes(struct offload_job *job)
{
    const json_t *params = offload_params_json(job);
    const json_t *below = json_object_get(params, "below");
    json_int_t number = json_integer_value(below);
    unsigned char *window;

    if (params == NULL)
        return;
    if (!json_is_integer(below) || number < 0 || number > PRIMES_BELOW_MAX) {
        offload_error(job, INVALID_PARAMS, "primes needs a whole number \"below\"",
                      json_pack("{s:I}", "most", (json_int_t)PRIMES_BELOW_MAX));
        return;
    }
    window = malloc(WINDOW);
    if (window == NULL)
        offload_error(job, OUT_OF_MEMORY, "out of memory", NULL);
    else
        count_primes(job, window, (uint64_t)number);
    free(window);
}

// ---- the plug-in ---------------------------------------------------------------------------

static int
open_example(void **ret_state)
{
    *ret_state = crc_table_new();
    return *ret_state != NULL ? 0 : ENOMEM;
}

static const struct offload_method methods[] = {
    {"crc32", run_crc32},
    {"primes", run_primes},
    {NULL, NULL},
};

const struct offload_plugin offload_plugin = {
    .abi = OFFLOAD_PLUGIN_ABI,
    .name = "example",
    .methods = methods,
    .open = open_example,
    .close = free,
};
