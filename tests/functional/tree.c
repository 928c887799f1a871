// See tree.h. What happens in a tree follows one line: from the call that is over up to the root,
// and from there down into what begins next.
#include "tree.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TIMED_OUT                                                  \
    "{\"code\":-32011,\"message\":\"Timed "                        \
    "out\",\"data\":{\"cause\":\"timeout.total\",\"jobs_done\":0," \
    "\"stderr\":\"\",\"attempts\":1}}"
#define UNKNOWN \
    "{\"code\":-32601,\"message\":\"Method not found\",\"data\":{\"method\":\"no_such_method\"}}"

static void advance(struct tree *tree);

static __attribute__((format(printf, 1, 2))) char *
text_of(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    return text;
}

static bool
is_gather(const struct tree *tree)
{
    return tree->kind == TREE_GATHER || tree->kind == TREE_MAP;
}

// ---- outcomes -------------------------------------------------------------------------------

static void
drop_children(struct tree *tree)
{
    for (int i = 0; i < tree->count; i++)
        if (tree->children[i]->state == TREE_UNDER_WAY) {
            tree->children[i]->state = TREE_DROPPED;
            drop_children(tree->children[i]);
        }
}

static void
tell(struct tree *tree, const struct tree *child)
{
    if (!tree->listens)
        return;
    tree->told = realloc(tree->told, sizeof(*tree->told) * (size_t)(tree->told_count + 1));
    if (tree->told == NULL)
        abort();
    tree->told[tree->told_count++] =
        text_of("{\"kind\":\"partial\",\"index\":%d,\"%s\":%s}", child->index,
                child->failed ? "error" : "result", child->outcome);
}

// All outcomes in order, as the mode shows them.
static char *
list_of(const struct tree *tree)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    fputc('[', out);
    for (int i = 0; i < tree->count; i++) {
        const struct tree *child = tree->children[i];

        fputs(i > 0 ? "," : "", out);
        if (tree->mode == TREE_SETTLED)
            fprintf(out, "{\"%s\":%s}", child->failed ? "error" : "result", child->outcome);
        else
            fputs(child->outcome, out);
    }
    fputc(']', out);
    fclose(out);
    return text;
}

static void put(struct tree *tree, struct tree *child);

// Takes the outcome.
static void
finish(struct tree *tree, bool failed, char *outcome)
{
    drop_children(tree);
    tree->state = TREE_OVER;
    tree->failed = failed;
    tree->outcome = outcome;
    if (tree->parent != NULL)
        put(tree->parent, tree);
}

// What one outcome means for the gather that it belongs to.
static void
put(struct tree *tree, struct tree *child)
{
    bool last;

    tree->under_way--;
    tree->over++;
    last = tree->over == tree->count;
    tell(tree, child);
    if (tree->mode == TREE_FIRST || (tree->mode == TREE_ALL && child->failed) ||
        (tree->mode == TREE_ANY && (!child->failed || last)))
        finish(tree, child->failed, text_of("%s", child->outcome));
    else if (last)
        finish(tree, false, list_of(tree));
    else
        advance(tree);
}

// ---- beginning ------------------------------------------------------------------------------

static void
begin(struct tree *tree)
{
    tree->state = TREE_UNDER_WAY;
    if (tree->kind == TREE_PING)
        finish(tree, false, text_of("\"pong\""));
    else if (tree->kind == TREE_UNKNOWN)
        finish(tree, true, text_of(UNKNOWN));
    else if (is_gather(tree) && tree->depth > TREE_DEPTH_MAX)
        finish(tree, true,
               text_of("{\"code\":-32600,\"message\":\"Invalid Request\","
                       "\"data\":{\"limit\":\"gather-depth-max\",\"max\":%d}}",
                       TREE_DEPTH_MAX));
    else if (is_gather(tree) && tree->count == 0)
        finish(tree, false, text_of("[]"));
    else if (is_gather(tree))
        advance(tree);
}

// Begins what may begin. An outcome on the way does that for itself, so that `next` moves on.
static void
advance(struct tree *tree)
{
    while (tree->state == TREE_UNDER_WAY && tree->next < tree->count &&
           (tree->limit == 0 || tree->under_way < tree->limit)) {
        tree->under_way++;
        begin(tree->children[tree->next++]);
    }
}

void
tree_start(struct tree *root)
{
    begin(root);
}

void
tree_end_gate(struct tree *gate, bool failed)
{
    // Spaces and all, for it comes through as it is.
    finish(gate, failed,
           failed ? text_of("{\"code\":%d, \"message\":\"gate\"}", gate->number)
                  : text_of("{\"gate\": %d,\"e\":1E+2}", gate->number));
}

void
tree_stop(struct tree *root, const char *error)
{
    if (root->state == TREE_OVER)
        return;
    drop_children(root);
    // A gate is a job, and dropped; whether it was answered is said by its outcome.
    root->state = root->kind == TREE_GATE ? TREE_DROPPED : TREE_OVER;
    root->failed = true;
    root->outcome = error != NULL ? text_of("%s", error) : NULL;
}

bool
tree_time_out(struct tree *tree)
{
    if (tree->state != TREE_UNDER_WAY)
        return false;
    if (tree->kind == TREE_DOOMED || tree->timed) {
        finish(tree, true, text_of(TIMED_OUT));
        return true;
    }
    for (int i = 0; i < tree->count; i++)
        if (tree_time_out(tree->children[i]))
            return true;
    return false;
}

void
tree_reset(struct tree *tree)
{
    for (int i = 0; i < tree->told_count; i++)
        free(tree->told[i]);
    free(tree->told);
    free(tree->outcome);
    tree->told = NULL;
    tree->outcome = NULL;
    tree->told_count = tree->next = tree->under_way = tree->over = 0;
    tree->state = TREE_WAITING;
    for (int i = 0; i < tree->count; i++)
        tree_reset(tree->children[i]);
}
