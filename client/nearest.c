// See nearest.h.
#include "client/nearest.h"

#include "client/command.h"

#include <stdint.h>
#include <string.h>

static size_t
smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

// Levenshtein's distance, for words that are short; anything longer is far from every command.
#define NEAREST_WORD_MAX 24
static size_t
distance(const char *a, const char *b)
{
    size_t row[NEAREST_WORD_MAX + 1];
    size_t length = strlen(b);

    if (length > NEAREST_WORD_MAX || strlen(a) > NEAREST_WORD_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t above = row[j];

            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[length];
}

const char *
nearest_command(const struct command_table *commands, const char *word)
{
    const char *nearest = NULL;
    size_t best = 3; // further away is no likely slip of the fingers

    for (size_t i = 0; i < commands->count; i++) {
        size_t steps = distance(word, commands->items[i].name);

        if (steps < best && steps < strlen(commands->items[i].name)) {
            best = steps;
            nearest = commands->items[i].name;
        }
    }
    return nearest;
}
