// See tree_play.h.
#include "tree_play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- the worker -----------------------------------------------------------------------------

void
play_worker_take(struct play *play, const char *line)
{
    long id = 0;
    int number = -1;

    if (sscanf(line, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":%ld}}",
               &id) == 1) {
        for (int i = 0; i < play->numbers; i++)
            if (play->seen[i].worker_id == id) {
                assert_false(play->seen[i].cancelled);
                play->seen[i].cancelled = true;
                if (!play->seen[i].ended)
                    peer_say(&play->worker, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":[]}", id);
                play->seen[i].ended = true;
                return;
            }
        fail_msg("a cancel of no job: %s", line);
    }
    if (sscanf(line, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"gate\",\"params\":[%d]}", &id,
               &number) != 2 ||
        number < MARKER || number >= play->numbers)
        fail_msg("the worker got: %s", line);
    if (number == MARKER) {
        play->marker_id = id;
        return;
    }
    if (play->seen[number].worker_id != 0)
        fail_msg("gate %d begins a second time", number);
    play->seen[number].worker_id = id;
    play->gates++;
}

// ---- the client -----------------------------------------------------------------------------

static void
take_partial(struct play *play, const char *line)
{
    static const char head[] =
        "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":";
    char *value;
    long number = strtol(line + sizeof(head) - 1, &value, 10);
    struct seen *seen = &play->seen[number];
    size_t length;

    if (number < 0 || number >= play->numbers || seen->tree == NULL || !seen->tree->listens)
        fail_msg("progress of nobody: %s", line);
    if (seen->told == seen->tree->told_count)
        fail_msg("told too much: %s", line);
    value += strlen(",\"value\":");
    length = strlen(seen->tree->told[seen->told]);
    if (strncmp(value, seen->tree->told[seen->told], length) != 0 ||
        strcmp(value + length, "}}") != 0)
        fail_msg("told: %s\nnot: %s", value, seen->tree->told[seen->told]);
    seen->told++;
}

static char *
answer_of(const struct root *root, const char *outcome, bool failed)
{
    char *text = NULL;

    assert_true(asprintf(&text, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"%s\":%s}", root->id,
                         failed ? "error" : "result", outcome) > 0);
    return text;
}

// Skips one answer of the root, whichever of those that may come.
static const char *
skip_answer(const struct root *root, const char *at)
{
    char *texts[2] = {NULL, NULL};
    const char *behind = NULL;

    if (root->tree->outcome != NULL)
        texts[0] = answer_of(root, root->tree->outcome, root->tree->failed);
    if (root->either != NULL)
        texts[1] = answer_of(root, root->either, true);
    for (int i = 0; i < 2; i++) {
        if (texts[i] != NULL && behind == NULL && strncmp(at, texts[i], strlen(texts[i])) == 0)
            behind = at + strlen(texts[i]);
    }
    if (behind == NULL)
        fail_msg("the answer: %s\nnot: %s", at, texts[0] != NULL ? texts[0] : "none yet");
    free(texts[0]);
    free(texts[1]);
    return behind;
}

// The group whose answer begins like this; NULL if it is none.
static struct group *
group_of(struct play *play, const char *line)
{
    const char *at = strstr(line, "\"id\":");
    int id = at != NULL ? atoi(at + 5) : 0;

    for (int i = 0; i < AT_ONCE && id > 0; i++)
        for (int r = 0; r < play->groups[i].count; r++)
            if (play->groups[i].roots[r].id == id)
                return &play->groups[i];
    return NULL;
}

void
play_client_take(struct play *play, const char *line)
{
    struct group *group;
    const char *at = line;
    bool first = true;

    if (strstr(line, "\"method\":\"$/progress\"") != NULL) {
        take_partial(play, line);
        return;
    }
    if (strstr(line, "\"id\":\"p\"") != NULL) {
        play->pongs++;
        return;
    }
    if (strstr(line, "\"id\":\"m\"") != NULL) {
        play->marker_id = 0;
        return;
    }
    group = group_of(play, line);
    if (group == NULL) {
        fail_msg("nobody waits for: %s", line);
        return;
    }
    at += group->batch;
    assert_int_equal(line[0] == '[', group->batch);
    for (int r = 0; r < group->count; r++) {
        if (group->roots[r].id == 0)
            continue;
        at += !first;
        first = false;
        at = skip_answer(&group->roots[r], at);
    }
    assert_string_equal(at, group->batch ? "]" : "");
    group->answered++;
}

// ---- comparing ------------------------------------------------------------------------------

static void
check_gate(const struct seen *seen, struct verdict *verdict)
{
    bool begun = seen->worker_id != 0;
    bool right;

    switch (seen->tree->state) {
    case TREE_WAITING:
        right = !begun;
        break;
    case TREE_UNDER_WAY:
        right = begun && !seen->cancelled;
        break;
    case TREE_OVER:
        right = begun && (!seen->cancelled || seen->root->raced);
        break;
    case TREE_DROPPED: // before it has begun or after
        right = begun == (seen->cancelled || (seen->root->raced && seen->ended));
        break;
    default:
        right = false;
    }
    if (!right)
        snprintf(verdict->text, sizeof(verdict->text),
                 "gate %d, in state %d: begun %d, cancelled %d, ended %d", seen->tree->number,
                 seen->tree->state, begun, seen->cancelled, seen->ended);
}

// What was dropped, or stands in what was, may have come less far than in the model.
static bool
is_dropped(const struct tree *tree)
{
    while (tree != NULL && tree->state != TREE_DROPPED)
        tree = tree->parent;
    return tree != NULL;
}

static void
check_tree(struct tree *tree, void *context)
{
    struct verdict *verdict = context;
    const struct seen *seen = &verdict->play->seen[tree->number];
    bool bound = is_dropped(tree) || seen->root->raced || seen->root->gone;

    if (tree->kind == TREE_GATE)
        check_gate(seen, verdict);
    else if (tree->listens && seen->told != tree->told_count && !bound)
        snprintf(verdict->text, sizeof(verdict->text), "gather %d: %d of %d outcomes were told",
                 tree->number, seen->told, tree->told_count);
}

static bool
is_over(const struct root *root)
{
    return root->tree->outcome != NULL || root->gone;
}

static void
check_group(const struct group *group, struct verdict *verdict)
{
    int due = 0;
    bool over = true;

    for (int r = 0; r < group->count; r++) {
        tree_each(group->roots[r].tree, check_tree, verdict);
        over = over && (group->roots[r].id == 0 || is_over(&group->roots[r]));
        due |= group->roots[r].id != 0 && !group->roots[r].gone;
    }
    if (group->answered != (over && due))
        snprintf(verdict->text, sizeof(verdict->text), "request %d: %d answers, expected %d",
                 group->roots[0].id, group->answered, over && due);
}

bool
play_is_as_modelled(struct play *play, struct verdict *verdict)
{
    *verdict = (struct verdict){.play = play};
    for (int i = 0; i < AT_ONCE; i++)
        check_group(&play->groups[i], verdict);
    return verdict->text[0] == '\0';
}
