// See shared_text.h.
#include "model/shared_text.h"

#include <stdlib.h>

struct shared_text {
    size_t holders;
    size_t length;
    char at[];
};

struct shared_text *
shared_text_new(struct span text)
{
    struct shared_text *shared = malloc(sizeof(*shared) + text.length + 1);

    if (shared == NULL)
        return NULL;
    shared->holders = 1;
    shared->length = text.length;
    if (text.length > 0)
        memcpy(shared->at, text.at, text.length);
    shared->at[text.length] = '\0';
    return shared;
}

struct shared_text *
shared_text_hold(struct shared_text *text)
{
    text->holders++;
    return text;
}

void
shared_text_release(struct shared_text *text)
{
    if (text != NULL && --text->holders == 0)
        free(text);
}

char *
shared_text_at(struct shared_text *text)
{
    return text->at;
}

size_t
shared_text_length(const struct shared_text *text)
{
    return text->length;
}
