// See product.h.
#include "client/product.h"

#include <stdint.h>
#include <stdlib.h>

struct list {
    const char *const *words;
    size_t count;
    size_t at; // the word of the next combination
};

struct product {
    struct list *lists;
    size_t count;
    bool over;
    struct fields fields; // of the last combination
};

static bool
is_separator(const char *word)
{
    return strcmp(word, ":::") == 0;
}

struct product *
product_new(const char *const *words, size_t count)
{
    struct product *product = calloc(1, sizeof(*product));
    size_t lists = 1;

    if (product == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        lists += is_separator(words[i]);
    product->lists = calloc(lists, sizeof(*product->lists));
    product->fields.items = calloc(lists, sizeof(*product->fields.items));
    if (product->lists == NULL || product->fields.items == NULL) {
        product_free(product);
        return NULL;
    }
    product->lists[0].words = words;
    for (size_t i = 0; i < count; i++) {
        if (is_separator(words[i]))
            product->lists[++product->count].words = words + i + 1;
        else
            product->lists[product->count].count++;
    }
    product->count++;
    product->fields.count = product->count;
    product->over = product_count(product) == 0;
    return product;
}

void
product_free(struct product *product)
{
    if (product == NULL)
        return;
    fields_done(&product->fields);
    free(product->lists);
    free(product);
}

uint64_t
product_count(const struct product *product)
{
    uint64_t count = 1;

    for (size_t i = 0; i < product->count; i++)
        if (__builtin_mul_overflow(count, (uint64_t)product->lists[i].count, &count))
            return UINT64_MAX;
    return count;
}

static void
advance(struct product *product)
{
    for (size_t i = product->count; i > 0; i--) {
        struct list *list = &product->lists[i - 1];

        if (++list->at < list->count)
            return;
        list->at = 0;
    }
    product->over = true;
}

const struct fields *
product_next(struct product *product)
{
    if (product->over)
        return NULL;
    for (size_t i = 0; i < product->count; i++)
        product->fields.items[i] = span_of(product->lists[i].words[product->lists[i].at]);
    advance(product);
    return &product->fields;
}
