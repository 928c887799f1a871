// See turns.h.
#include "model/turns.h"

#define TICKET_NEW    (UINT64_C(1) << 62)
#define TICKET_SERVED (UINT64_C(2) << 62)

// ---- order ----------------------------------------------------------------------------------

// Virtual times go on for ever and wrap; those in use at one time are close together.
static bool
is_before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}

static bool
goes_before(const struct taker *a, const struct taker *b)
{
    return a->due != b->due ? is_before(a->due, b->due) : a->ticket < b->ticket;
}

static uint64_t
draw(struct turns *turns)
{
    // splitmix64, see https://prng.di.unimi.it/splitmix64.c
    uint64_t mixed = turns->random += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

// ---- the tree -------------------------------------------------------------------------------

// Looks again who is next below and here.
static void
refresh(struct taker *turn)
{
    turn->next = turn;
    if (turn->left != NULL && goes_before(turn->left->next, turn->next))
        turn->next = turn->left->next;
    if (turn->right != NULL && goes_before(turn->right->next, turn->next))
        turn->next = turn->right->next;
}

// Everything in `left` has smaller keys than everything in `right`.
static struct taker *
join(struct taker *left, struct taker *right)
{
    if (left == NULL || right == NULL)
        return left != NULL ? left : right;
    if (left->depth < right->depth) {
        left->right = join(left->right, right);
        refresh(left);
        return left;
    }
    right->left = join(left, right->left);
    refresh(right);
    return right;
}

static void
split(struct taker *root, uint64_t key, struct taker **ret_left, struct taker **ret_right)
{
    if (root == NULL) {
        *ret_left = *ret_right = NULL;
        return;
    }
    if (root->key < key) {
        split(root->right, key, &root->right, ret_right);
        *ret_left = root;
    } else {
        split(root->left, key, ret_left, &root->left);
        *ret_right = root;
    }
    refresh(root);
}

static struct taker *
insert(struct taker *root, struct taker *turn)
{
    if (root == NULL || turn->depth < root->depth) {
        split(root, turn->key, &turn->left, &turn->right);
        refresh(turn);
        return turn;
    }
    if (turn->key < root->key)
        root->left = insert(root->left, turn);
    else
        root->right = insert(root->right, turn);
    refresh(root);
    return root;
}

static struct taker *
erase(struct taker *root, const struct taker *turn)
{
    if (root == turn)
        return join(root->left, root->right);
    if (turn->key < root->key)
        root->left = erase(root->left, turn);
    else
        root->right = erase(root->right, turn);
    refresh(root);
    return root;
}

// From `turn` up to the root.
static void
refresh_path(struct taker *root, struct taker *turn)
{
    if (root != turn)
        refresh_path(turn->key < root->key ? root->left : root->right, turn);
    refresh(root);
}

// ---- turns ----------------------------------------------------------------------------------

void
turns_init(struct turns *turns, uint64_t seed)
{
    *turns = (struct turns){.random = seed};
}

struct taker *
turns_find(const struct turns *turns, uint64_t key)
{
    struct taker *turn = turns->root;

    while (turn != NULL && turn->key != key)
        turn = key < turn->key ? turn->left : turn->right;
    return turn;
}

struct taker *
turns_next(const struct turns *turns)
{
    return turns->root != NULL ? turns->root->next : NULL;
}

static uint64_t
due_with(const struct turns *turns, const struct taker *turn, uint64_t charge)
{
    uint64_t due = turn->start + charge;

    return is_before(due, turns->clock) ? turns->clock : due;
}

static void
set_due(struct turns *turns, struct taker *turn)
{
    turn->due = due_with(turns, turn, turn->charge);
    turn->ticket = turns->tickets++;
    if (turn->charge != 0)
        turn->ticket += turn->served ? TICKET_SERVED : TICKET_NEW;
}

void
turns_enter(struct turns *turns, struct taker *turn, uint64_t key, uint64_t charge)
{
    *turn =
        (struct taker){.key = key, .depth = draw(turns), .start = turns->clock, .charge = charge};
    set_due(turns, turn);
    turns->root = insert(turns->root, turn);
    turns->count++;
}

void
turns_leave(struct turns *turns, struct taker *turn)
{
    turns->root = erase(turns->root, turn);
    turns->count--;
}

void
turns_taken(struct turns *turns, struct taker *turn)
{
    if (is_before(turns->clock, turn->due))
        turns->clock = turn->due;
    turn->start += turn->charge;
    // Who got only what was charged before stands where it stood.
    turn->served = turn->served || turn->charge != 0;
}

void
turns_charge(struct turns *turns, struct taker *turn, uint64_t charge)
{
    // Nothing has changed: it keeps its ticket.
    if (charge == turn->charge && due_with(turns, turn, charge) == turn->due)
        return;
    turn->charge = charge;
    set_due(turns, turn);
    refresh_path(turns->root, turn);
}

void
turns_add_debt(struct turns *turns, struct taker *turn, uint64_t charge)
{
    turn->start += charge;
    set_due(turns, turn);
    refresh_path(turns->root, turn);
}
