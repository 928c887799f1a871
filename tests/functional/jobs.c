// See jobs.h. A held job waits for the file FOLDER/release.
#include "harness.h"

#include <stdio.h>

void
expect_pong(struct peer *peer)
{
    expect_result(peer_ask(peer, PING), "\"p\"", "\"pong\"");
}

void
jobs_hold(struct fixture *fixture, struct peer *peer, const char *id)
{
    peer_say(peer, REQUEST("%s", "faulty.hold", "[\"%s/release\"]"), id, fixture->daemon.folder);
}

void
jobs_release(struct fixture *fixture)
{
    char path[96];

    snprintf(path, sizeof(path), "%s/release", fixture->daemon.folder);
    write_text(path, "");
}
