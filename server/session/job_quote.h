// The method job.quote {method, params, options}: what would become of that job if it were sent
// now, without sending it.
#ifndef OFFLOAD_SESSION_JOB_QUOTE_H
#define OFFLOAD_SESSION_JOB_QUOTE_H

#include "common/message.h"
#include "session/session.h"

#include <stdbool.h>

// Answers if it is that method, else false. The method's name inside is unescaped in place, as
// messages_parse does it.
bool job_quote(const struct session *session, const struct message *message,
               struct session_reply *ret_reply);

#endif
