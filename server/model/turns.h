// Who is next among those that take turns, by the work that each has had. Plain data; it knows
// neither jobs nor callers.
//
// The rule is that of deficit round robin, without its rounds. A round costs a look at everybody,
// and a job as long as a thousand quanta costs a thousand of them. So the deficits are kept as
// points on one virtual clock (self-clocked fair queueing: Golestani, INFOCOM 1994): who comes in
// begins at the clock, its next piece of work is due at its begin plus the work's charge, the
// earliest due is next, and the clock then stands there. It follows that
//
// - of two that both always have work, the work that they got never differs by more than one piece
//   of each, whatever the pieces, the others, and how much more one of them has waiting;
// - who comes with little to a crowd that has much is served before anybody's second piece;
// - nothing need be remembered of who has nothing waiting: when its last piece was taken the clock
//   stood at its account or beyond, so that it cannot come back with less on it. There is nothing
//   to be gained by leaving and coming again;
// - who waits for a long piece and then has short ones before it gets those at once, up to what it
//   has waited, and so never more than that one piece. It stands on the account like any other, and
//   the long one is due when it was, but for them.
//
// Of those that are due at the same moment, one whose work came back goes first, then those that
// have just come, then the others.
//
// Everything costs O(log n): a treap, ordered by key, in which each knows the next of its subtree.
// The nodes are the owners': nothing is allocated here.
#ifndef OFFLOAD_MODEL_TURNS_H
#define OFFLOAD_MODEL_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One that takes turns; inside its owner, which looks at the key only.
struct taker {
    struct taker *left;
    struct taker *right;
    struct taker *next; // the next of this subtree
    uint64_t key;       // who it is
    uint64_t depth;     // random: the smallest of a subtree is its root
    uint64_t start;     // virtual: what it has had
    uint64_t charge;    // what its next piece of work costs; 0: that was charged before
    uint64_t due;       // virtual: when that is due
    uint64_t ticket;    // among those due at the same moment, the smallest first
    bool served;        // since it came in
};

struct turns {
    struct taker *root;
    size_t count;
    uint64_t clock;   // virtual
    uint64_t tickets; // given out so far
    uint64_t random;  // state
};

// `seed`: so that nobody can foresee the shape of the tree.
void turns_init(struct turns *turns, uint64_t seed);

// NULL if nobody with that key is in.
struct taker *turns_find(const struct turns *turns, uint64_t key);

// NULL if nobody is in.
struct taker *turns_next(const struct turns *turns);

// Comes in with its first piece of work. Nobody with that key may be in.
void turns_enter(struct turns *turns, struct taker *turn, uint64_t key, uint64_t charge);

// Goes, because it has no more work.
void turns_leave(struct turns *turns, struct taker *turn);

// The piece of work that is due was taken. turns_charge or turns_leave must follow.
void turns_taken(struct turns *turns, struct taker *turn);

// What its next piece of work costs, after that has changed for whatever reason.
void turns_charge(struct turns *turns, struct taker *turn, uint64_t charge);

// It has had so much besides.
void turns_add_debt(struct turns *turns, struct taker *turn, uint64_t charge);

#endif
