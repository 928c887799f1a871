// How trees are made at random, and written. See tree.h.
//
// What begins at the same time and is over at once races with its like, for gathers take turns: so
// beside a gather, unless they begin one by one, there is one call at most that is over as soon as
// it has begun; and in a tree with a timeout, of which there is one at most, none at all.
#include "tree.h"

#include <stdlib.h>
#include <string.h>

static const char *const mode_names[TREE_MODES] = {"all", "settled", "any", "first"};

struct maker {
    unsigned *seed;
    int *number;
    bool heard;
    bool may_time; // a timeout may still be given away
    bool timed;    // in this tree nothing is over at once
};

static int
pick(const struct maker *maker, int count)
{
    return rand_r(maker->seed) % count;
}

static struct tree *
node_new(struct maker *maker, enum tree_kind kind, unsigned depth)
{
    struct tree *tree = calloc(1, sizeof(*tree));

    if (tree == NULL)
        abort();
    tree->kind = kind;
    tree->number = (*maker->number)++;
    tree->heard = maker->heard;
    tree->depth = depth;
    return tree;
}

static void
adopt(struct tree *parent, struct tree *child)
{
    child->parent = parent;
    child->index = parent->count;
    parent->children[parent->count++] = child;
}

// True if it is over as soon as it has begun: tried out.
static bool
is_immediate(struct tree *tree)
{
    bool over;

    tree_start(tree);
    over = tree->state == TREE_OVER;
    tree_reset(tree);
    return over;
}

static bool
is_gather(const struct tree *tree)
{
    return tree->kind == TREE_GATHER || tree->kind == TREE_MAP;
}

static struct tree *
leaf_new(struct maker *maker, unsigned depth)
{
    int what = pick(maker, 10);

    if (maker->may_time && what == 0) {
        maker->may_time = false;
        return node_new(maker, TREE_DOOMED, depth);
    }
    if (!maker->timed && what == 1)
        return node_new(maker, TREE_PING, depth);
    if (!maker->timed && what == 2)
        return node_new(maker, TREE_UNKNOWN, depth);
    return node_new(maker, TREE_GATE, depth);
}

static void
give_members(struct maker *maker, struct tree *tree)
{
    tree->mode = (enum tree_mode)pick(maker, TREE_MODES);
    if (tree->count == 0 && tree->mode > TREE_SETTLED)
        tree->mode = TREE_ALL; // the others need a call
    tree->limit = pick(maker, 3) == 0 ? 1 + pick(maker, 3) : 0;
    tree->listens = maker->heard && pick(maker, 3) > 0;
    if (maker->may_time && tree->count > 0 && pick(maker, 3) == 0) {
        tree->timed = true;
        maker->may_time = false;
    }
}

static struct tree *
map_new(struct maker *maker, unsigned depth)
{
    struct tree *tree = node_new(maker, TREE_MAP, depth);
    int count = pick(maker, TREE_CHILDREN_MAX + 1);

    if (maker->timed && count == 0)
        count = 1;
    for (int i = 0; i < count; i++)
        adopt(tree, node_new(maker, TREE_GATE, depth));
    give_members(maker, tree);
    return tree;
}

// Over in the same breath as it begins: nothing else can begin in between.
static bool
is_atomic(const struct tree *tree)
{
    return !is_gather(tree) || tree->count == 0 || tree->depth > TREE_DEPTH_MAX;
}

static void
replace_by_gate(struct maker *maker, struct tree *parent, int index)
{
    struct tree *gate = node_new(maker, TREE_GATE, parent->depth);

    tree_free(parent->children[index]);
    gate->parent = parent;
    gate->index = index;
    parent->children[index] = gate;
}

// Gathers among its calls, which begin beside each other: no more than one that is over at once.
static void
thin_out(struct maker *maker, struct tree *tree)
{
    bool mixed = false;
    int immediate = 0;

    for (int i = 0; i < tree->count; i++)
        mixed |= is_gather(tree->children[i]);
    for (int i = 0; i < tree->count && mixed && tree->limit != 1; i++) {
        struct tree *child = tree->children[i];
        bool is;

        child->parent = NULL;
        is = is_immediate(child);
        child->parent = tree;
        if (is && (!is_atomic(child) || ++immediate > 1))
            replace_by_gate(maker, tree, i);
    }
}

static struct tree *
node_of_any_kind(struct maker *maker, unsigned depth)
{
    struct tree *tree;
    int count;

    if (depth > TREE_DEPTH_MAX + (maker->timed ? 0 : 1) || pick(maker, 5) < (int)depth)
        return leaf_new(maker, depth);
    if (pick(maker, 4) == 0)
        return map_new(maker, depth);
    tree = node_new(maker, TREE_GATHER, depth);
    count = maker->timed ? 1 + pick(maker, TREE_CHILDREN_MAX) : pick(maker, TREE_CHILDREN_MAX + 1);
    for (int i = 0; i < count; i++)
        adopt(tree, node_of_any_kind(maker, depth + 1));
    give_members(maker, tree);
    thin_out(maker, tree);
    return tree;
}

struct tree *
tree_new(unsigned *seed, int *number, bool heard)
{
    struct maker maker = {.seed = seed, .number = number, .heard = heard};

    maker.may_time = maker.timed = pick(&maker, 6) == 0;
    return node_of_any_kind(&maker, pick(&maker, 8) == 0 ? TREE_DEPTH_MAX + 2 : 1);
}

void
tree_free(struct tree *tree)
{
    tree_reset(tree);
    for (int i = 0; i < tree->count; i++)
        tree_free(tree->children[i]);
    free(tree);
}

void
tree_each(struct tree *tree, void (*call)(struct tree *tree, void *context), void *context)
{
    call(tree, context);
    for (int i = 0; i < tree->count; i++)
        tree_each(tree->children[i], call, context);
}

// ---- writing --------------------------------------------------------------------------------

static void
write_elements(const struct tree *tree, FILE *out)
{
    for (int i = 0; i < tree->count; i++) {
        fputs(i > 0 ? "," : "", out);
        if (tree->kind == TREE_MAP) {
            fprintf(out, "[%d]", tree->children[i]->number);
            continue;
        }
        fputc('{', out);
        tree_write(tree->children[i], out);
        fputc('}', out);
    }
}

static void
write_gather(const struct tree *tree, FILE *out)
{
    bool map = tree->kind == TREE_MAP;

    fprintf(out, "\"method\":\"%s\",\"params\":{%s", map ? "job.map" : "job.gather",
            map ? "\"method\":\"gate\"," : "");
    fprintf(out, "\"mode\":\"%s\"", mode_names[tree->mode]);
    if (tree->limit > 0)
        fprintf(out, ",\"limit\":%d", tree->limit);
    fprintf(out, ",\"%s\":[", map ? "items" : "calls");
    write_elements(tree, out);
    fputs("]},\"options\":{", out);
    if (tree->listens)
        fprintf(out, "\"progress\":%d%s", tree->number, tree->timed ? "," : "");
    if (tree->timed)
        fputs("\"timeouts\":{\"total\":" TREE_TIMEOUT "}", out);
    fputc('}', out);
}

void
tree_write(const struct tree *tree, FILE *out)
{
    switch (tree->kind) {
    case TREE_GATE:
        fprintf(out, "\"method\":\"gate\",\"params\":[%d]", tree->number);
        return;
    case TREE_PING:
        fputs("\"method\":\"server.ping\"", out);
        return;
    case TREE_UNKNOWN:
        fputs("\"method\":\"no_such_method\",\"params\":[]", out);
        return;
    case TREE_DOOMED:
        fputs("\"method\":\"sleep\",\"params\":[1000],"
              "\"options\":{\"timeouts\":{\"total\":" TREE_TIMEOUT "}}",
              out);
        return;
    case TREE_GATHER:
    case TREE_MAP:
        write_gather(tree, out);
        return;
    }
}
