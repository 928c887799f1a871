// What the files of a session share: session.c (life, flow control), requests.c (what a message
// means), answers.c (how an answer is written), gathers.c (calls within a request). For nobody
// else.
#ifndef OFFLOAD_SESSION_SESSION_INTERNAL_H
#define OFFLOAD_SESSION_SESSION_INTERNAL_H

#include "common/errors.h"
#include "session/batch.h"
#include "session/callers.h"
#include "session/calls.h"
#include "session/gathers.h"
#include "session/session.h"
#include "transport/quiet.h"
#include "transport/stream.h"

struct session {
    TAILQ_ENTRY(session) link;
    const struct session_settings *settings;
    const struct session_hooks *hooks;
    void *context;
    struct stream *stream;
    struct caller *caller;
    uint64_t number;
    struct calls calls;
    struct gathers gathers;
    size_t held;     // bytes of answers in incomplete batches, and of gathers
    bool greeted;    // the first line was looked at
    bool unfinished; // it is in the middle of a line
    bool ended;      // no more requests come; it closes when all is sent
    bool closed;
    struct quiet_watch watch; // while it is the client's turn to do something
    struct turn_task burial;
    char subject[32]; // for the log
};

// Where an answer belongs.
struct address_of_answer {
    struct batch *batch; // NULL: a line of its own
    size_t index;        // in the batch
    struct span id;      // raw; absent is written as null
};

// session.c
void session_close(struct session *session, const char *reason); // once; frees it in the next turn
void session_update(struct session *session); // reads, pauses or ends, as its load demands
void session_sign(const struct session *session, struct job *job); // says whose it is

// requests.c
void requests_take_line(struct session *session, char *line, size_t length);
void requests_take_long_line(struct session *session, const char *begin, size_t length);
// Answers a method that is no job's; false if it is none.
bool requests_control(struct session *session, const struct message *message,
                      struct session_reply *ret_reply);
void requests_refuse_unfinished(struct session *session); // and reads no more

// answers.c. Each writes exactly one answer; when there is no memory even for "busy" the session is
// closed.
void answers_write(struct session *session, const struct address_of_answer *to, bool failed,
                   struct span body);
void answers_error(struct session *session, const struct address_of_answer *to,
                   enum error_code code, struct span data);
void answers_limit(struct session *session, const char *limit, size_t max); // -32600, id null
void answers_finished_cb(void *context, const struct outcome *outcome);     // a job's sink
void answers_progress_cb(void *context, struct span value);                 // likewise
char *answers_too_large(struct session *session, size_t *ret_length); // the error object; malloc
bool answers_have_room(const struct session *session, size_t size);   // for so many bytes more

// Pass on the progress of a job, and an outcome within a gather, to whoever has the token. False if
// there is no room for it; what need not arrive is left out instead.
bool answers_progress(struct session *session, struct span token, struct span value);
bool answers_partial(struct session *session, struct span token, size_t index, bool failed,
                     struct span body);
void answers_batch_seal(struct session *session, struct batch *batch);
void answers_forget(struct session *session, struct call *call); // takes a call out, unanswered

#endif
