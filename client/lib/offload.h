// offload.h: calls to offloadd from C or C++. The manual page is liboffload(3). Build with
//
//     cc -o mine mine.c $(pkg-config --cflags --libs offload)
//
// One object is one connection. It sends requests, matches the answers to them and hands each to
// its callback, in the order of completion. There are two ways to let it work:
//
// - On an event_base of yours (libevent): callbacks come from within your loop, and nothing here
//   blocks but offload_connect, which waits for a daemon for 5 seconds at most.
// - Without one: offload_call_wait makes one call and waits for it, and offload_wait waits for all
//   that were begun.
//
// Rules. An object belongs to one thread at a time. A callback may do anything, also begin calls
// and offload_free; it must not wait (-EBUSY). No callback comes from within offload_call and its
// like, and none after offload_free. What a function is handed is copied, what a callback is handed
// is good until it returns. A process that forks leaves the object to the parent: the descriptor is
// closed by exec. No signal is raised and nothing is printed.
//
// Functions that can fail return 0 or a negative errno value, and leave their outputs alone then:
// -EINVAL (an argument cannot be sent), -ENOMEM, -ENOTCONN (the connection has ended), and what
// each of them names. Text is UTF-8; times are in milliseconds. The protocol, with the methods of
// every daemon, is protocol.md.
#ifndef OFFLOAD_H
#define OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define OFFLOAD_API        __attribute__((visibility("default")))
#define OFFLOAD_MUST_CHECK __attribute__((warn_unused_result))
#else
#define OFFLOAD_API
#define OFFLOAD_MUST_CHECK
#endif

struct event_base;
struct offload;

enum offload_outcome {
    OFFLOAD_RESULT, // json is the result
    OFFLOAD_ERROR,  // json is the error object, code its code (see the errors of protocol.md)
    OFFLOAD_LOST    // there is no answer: the connection has ended; code is a negative errno value
};

struct offload_reply {
    uint64_t id; // of the call
    enum offload_outcome outcome;
    int code;         // 0 for a result
    const char *json; // byte for byte as the worker wrote it, NUL-terminated; NULL if lost
    size_t length;    // in bytes, without the NUL
};

// A call, to be filled in with what it needs; all zero but the method is a call without params
// whose answer nobody wants to see. Lengths are in bytes; 0 stands for a text that ends at a NUL.
struct offload_call {
    const char *method;
    size_t method_length;
    const char *params; // a JSON array or object; NULL: none. Line breaks in it become spaces
    size_t params_length;
    const char *options; // a JSON object such as {"timeouts":{"run":5},"retries":1}; NULL: none
    size_t options_length;

    // The answer: exactly once, unless the object is freed before.
    void (*reply)(void *context, const struct offload_reply *reply);
    // What the job tells of itself before it is done, any JSON value. NULL: it is not asked to.
    void (*progress)(void *context, const char *json, size_t length);
    void *context; // for both
};

// What concerns the whole connection. Each member may be NULL.
struct offload_events {
    // The end, once: every call was settled before. error 0: the daemon closed in an orderly way;
    // else a negative errno value: -EPROTO if the daemon said something that is no answer, -EBADMSG
    // if it refused something that was no call. offload_problem has a sentence.
    void (*closed)(void *context, int error);
    // All that had come was handed out, or all that was to be sent is sent: the moment to send
    // more.
    void (*turn)(void *context);
    // A notification of the daemon other than $/progress; params may be NULL.
    void (*notification)(void *context, const char *method, const char *params, size_t length);
};

// Connects to "unix:PATH" or "tcp:HOST:PORT". address NULL: to OFFLOAD_SERVER of the environment,
// else to the first default address that answers (the user's socket, the system's, TCP port 7707 of
// this machine). base NULL: a loop of its own, for offload_wait and offload_call_wait. events may
// be NULL. -EINVAL: no such kind of address (offload_address_problem says why); -ETIMEDOUT,
// -ECONNREFUSED, -ENOENT and so on: nobody answers there.
OFFLOAD_API OFFLOAD_MUST_CHECK int
offload_connect(const char *address, struct event_base *base, const struct offload_events *events,
                void *context, struct offload **ret);

// The same on a connected stream socket, which becomes non-blocking and the object's own; on
// failure it stays the caller's.
OFFLOAD_API OFFLOAD_MUST_CHECK int
offload_adopt(int fd, struct event_base *base, const struct offload_events *events, void *context,
              struct offload **ret);

// Ends the connection; the daemon cancels what it still has of this client. NULL is accepted.
OFFLOAD_API void offload_free(struct offload *offload);

// Begins a call. *ret_id (may be NULL) names it; ids count from 1.
OFFLOAD_API OFFLOAD_MUST_CHECK int
offload_call(struct offload *offload, const struct offload_call *call, uint64_t *ret_id);

// Begins several calls as one batch, all or none of them: their answers come together, in this
// order, once the last is there. ret_ids (may be NULL) has room for as many. A daemon takes 1024
// and 4 MiB in one batch unless it is configured otherwise, else it refuses all of them.
OFFLOAD_API OFFLOAD_MUST_CHECK int
offload_gather(struct offload *offload, const struct offload_call *calls, size_t count,
               uint64_t *ret_ids);

// Sends a notification: the method is called and nothing is answered. Its callbacks, and options,
// are not looked at.
OFFLOAD_API OFFLOAD_MUST_CHECK int
offload_notify(struct offload *offload, const struct offload_call *call);

// Asks for a call to be cancelled. It is still answered: with the error -32800, or as it was about
// to be. -ENOENT: no such call is without an answer.
OFFLOAD_API OFFLOAD_MUST_CHECK int offload_cancel(struct offload *offload, uint64_t id);

// No more will be sent: shuts the sending side once all is out. Answers still come.
OFFLOAD_API void offload_finish(struct offload *offload);

// Calls without an answer, and bytes that wait to be sent: what a sender of many calls keeps small,
// since both cost memory.
OFFLOAD_API size_t offload_in_flight(const struct offload *offload);
OFFLOAD_API size_t offload_unsent(const struct offload *offload);

// Where the daemon is, as a user would type it.
OFFLOAD_API const char *offload_address(const struct offload *offload);

// Why the connection has ended, as a part of a sentence; NULL while it has not.
OFFLOAD_API const char *offload_problem(const struct offload *offload);

// What is wrong with an address, as a sentence; NULL: nothing.
OFFLOAD_API const char *offload_address_problem(const char *address);

// The longest line of the daemon that is taken, 1 GiB unless set here: an answer, or all those of a
// batch. A longer one ends the connection with -EMSGSIZE.
OFFLOAD_API void offload_set_answer_max(struct offload *offload, size_t bytes);

// ---- waiting ---------------------------------------------------------------------------------

// For timeouts.
#define OFFLOAD_FOREVER (-1)

// Runs the loop until every call is answered and everything is sent; after offload_finish, until
// the daemon has closed, and so has taken everything. -ETIMEDOUT: not all are; the calls go on, and
// their callbacks may still come. Otherwise the reason why the connection has ended; -ENOTCONN if
// that was in an orderly way, but with calls under way.
OFFLOAD_API OFFLOAD_MUST_CHECK int offload_wait(struct offload *offload, int timeout_ms);

struct offload_answer {
    enum offload_outcome outcome; // OFFLOAD_RESULT or OFFLOAD_ERROR
    int code;
    char *json; // as in offload_reply, but it stays until offload_answer_done
    size_t length;
};

// One call from begin to end; its `reply` is not looked at. The callbacks of other calls may come
// meanwhile, and its own `progress`. 0: there is an answer, be it an error. -ETIMEDOUT: there was
// none in time, and the call is cancelled; a timeout among the options lets the daemon say so
// instead, and why.
OFFLOAD_API OFFLOAD_MUST_CHECK int
offload_call_wait(struct offload *offload, const struct offload_call *call, int timeout_ms,
                  struct offload_answer *ret);

// Frees what it holds, and clears it.
OFFLOAD_API void offload_answer_done(struct offload_answer *answer);

#ifdef __cplusplus
}
#endif

#endif
