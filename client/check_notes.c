// See check_notes.h.
#include "client/check_notes.h"

#include "client/check_verdict.h"

#include <stdio.h>

void
check_notes_restart(struct check_notes *notes)
{
    notes->ready_sent = false;
    notes->answered = false;
}

void
check_notes_junk(struct check_notes *notes, struct span line, const struct check_line *judged)
{
    char quote[CHECK_QUOTE_MAX], near[CHECK_QUOTE_MAX], place[CHECK_QUOTE_MAX + 64] = "";

    if (notes->junk[0] != '\0')
        return;
    if (judged->place > 0) {
        size_t at = judged->place - 1 < line.length ? judged->place - 1 : line.length;
        struct span rest = {line.at + at, line.length - at < 20 ? line.length - at : 20};

        snprintf(place, sizeof(place), ", at byte %zu%s%s", judged->place,
                 rest.length > 0 ? ", where it says " : "", check_quote(rest, near));
    }
    snprintf(notes->junk, sizeof(notes->junk), "it wrote %s: %s%s%s%s%s", check_quote(line, quote),
             place[0] != '\0' ? "not JSON: " : "", judged->problem, place,
             judged->advice != NULL ? "; " : "", judged->advice != NULL ? judged->advice : "");
}

void
check_notes_long_line(struct check_notes *notes, struct span beginning)
{
    const struct check_line judged = {.problem = "a line longer than line-max, which is 4 MiB "
                                                 "unless configured"};

    check_notes_junk(notes, beginning, &judged);
}

void
check_notes_stray(struct check_notes *notes, struct span id)
{
    char quote[CHECK_QUOTE_MAX];

    if (notes->stray[0] == '\0')
        snprintf(notes->stray, sizeof(notes->stray),
                 "it answered the id %s when that waited for no answer any more",
                 check_quote(id, quote));
}

void
check_notes_stray_return(struct check_notes *notes, struct span id)
{
    char quote[CHECK_QUOTE_MAX];

    if (notes->stray[0] != '\0')
        return;
    if (span_present(id))
        snprintf(notes->stray, sizeof(notes->stray),
                 "it gave back the id %s, which it does not have, by worker.return",
                 check_quote(id, quote));
    else
        snprintf(notes->stray, sizeof(notes->stray),
                 "it sent a worker.return without \"params\":{\"ids\":[...]}");
}

void
check_notes_ready(struct check_notes *notes, const struct check_line *judged)
{
    notes->ready_seen = true;
    if (notes->ready_sent)
        snprintf(notes->ready, sizeof(notes->ready), "it sent worker.ready more than once");
    else if (notes->answered)
        snprintf(notes->ready, sizeof(notes->ready),
                 "it sent worker.ready after an answer; it comes first, or not at all");
    notes->ready_sent = true;
    notes->cancels = span_is(check_line_param(judged, "cancel"), "true");
}
