// The words of a job command, from a configuration, filled from the params of a client: a value
// stays inside of its word, whatever is in it, and an error is JSON, whatever of the caller's text
// it quotes.
//
// An input is: the words of the command, each with its NUL, up to an empty one; then the params.
#include "model/template.h"
#include "tests/fuzz/oracle.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 8
#define SLOT      17
#define INPUT     "in" // the param that goes to stdin

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_error(const struct template *template, const struct argument_fault *fault)
{
    size_t length = 0;
    char *error = template_error(template, fault, &length);

    FUZZ_CHECK(error != NULL && strlen(error) == length);
    FUZZ_CHECK(scanner_check((struct span){.at = error, .length = length}, SCANNER_DEPTH_LIMIT) ==
               SCAN_OK);
    free(error);
}

// By jansson, if it has an opinion.
static void
check_input(const json_t *params, struct span input)
{
    const json_t *value = json_object_get(params, INPUT);

    if (json_is_string(value))
        FUZZ_CHECK(input.length == json_string_length(value) &&
                   memcmp(input.at, json_string_value(value), input.length) == 0);
    else if (json_is_object(params) && value == NULL)
        FUZZ_CHECK(!span_present(input));
}

static void
check_words(char *const *words, size_t count, const struct template_filled *filled,
            const json_t *params)
{
    const char *name = NULL;
    json_t *value;
    size_t i;

    for (i = 0; i < count; i++) {
        FUZZ_CHECK(filled->argv[i] != NULL);
        if (strpbrk(words[i], "{}") == NULL)
            FUZZ_CHECK(strcmp(filled->argv[i], words[i]) == 0);
        json_object_foreach ((json_t *)(uintptr_t)params, name, value) {
            char place[TEMPLATE_NAME_MAX + 3];

            snprintf(place, sizeof(place), "{%.*s}", TEMPLATE_NAME_MAX, name);
            if (json_is_string(value) && strcmp(words[i], place) == 0 && strcmp(name, "slot") != 0)
                FUZZ_CHECK(strcmp(filled->argv[i], json_string_value(value)) == 0);
        }
    }
    FUZZ_CHECK(filled->argv[count] == NULL && filled->environment[0] == NULL);
}

static void
fill(const struct template *template, char *const *words, size_t count, struct span params)
{
    json_t *model =
        json_loadb(params.at, params.length, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    struct template_filled filled;
    struct argument_fault fault;
    int error = template_fill(template, params, SLOT, &filled, &fault);

    FUZZ_CHECK(error == 0 || error == -EINVAL);
    if (error != 0) {
        check_error(template, &fault);
    } else {
        check_words(words, count, &filled, model);
        if (model != NULL)
            check_input(model, filled.input);
        template_filled_done(&filled);
    }
    json_decref(model);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *at = data, *end = data + size;
    char *words[WORDS_MAX + 1] = {NULL};
    struct template_source source = {.argv = words, .stdin_param = INPUT};
    struct template *template;
    char error[256] = "";
    size_t count = 0;
    char *text;

    while (at < end && *at != '\0' && count < WORDS_MAX) {
        const uint8_t *nul = memchr(at, '\0', (size_t)(end - at));

        if (nul == NULL)
            return 0;
        words[count++] = (char *)(uintptr_t)at;
        at = nul + 1;
    }
    if (count == 0 || at == end || *at++ != '\0')
        return 0;
    template = template_new(&source, error, sizeof(error));
    FUZZ_CHECK((template != NULL) == (error[0] == '\0'));
    if (template == NULL)
        return 0;
    text = malloc(at < end ? (size_t)(end - at) : 1);
    FUZZ_CHECK(text != NULL);
    memcpy(text, at, (size_t)(end - at));
    fill(template, words, count, (struct span){.at = text, .length = (size_t)(end - at)});
    free(text);
    template_free(template);
    return 0;
}
