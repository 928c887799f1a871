// Reads configuration files with inih. It knows lines, sections and where they stand; keys and
// their values are in config_keys.c.
//
// inih works in fixed buffers and silently cuts what does not fit (lines, names of sections). So it
// gets its lines from a reader that counts them, refuses what is too long or holds control
// characters, and takes the section headings itself.
#include "model/config_draft.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

struct file_reader {
    struct config_draft *draft;
    FILE *stream;
    bool has_key;   // inih remembers a key that an indented line would continue
    bool continues; // this line is such a line
};

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

// Reads one line without its ending. False at the end of the file and on errors.
static bool
read_line(struct file_reader *reader, char *line, size_t size)
{
    struct config_draft *draft = reader->draft;
    size_t length = 0;
    int c;

    draft->at.line++;
    while ((c = getc(reader->stream)) != EOF && c != '\n') {
        if (length + 1 >= size) {
            draft_fail(draft, draft->at,
                       "the line is longer than %zu bytes (a list may go on in an indented line)",
                       size - 1);
            return false;
        }
        line[length++] = (char)c;
    }
    if (ferror(reader->stream)) {
        draft->at.line = 0;
        draft_fail(draft, draft->at, "%s", strerror(errno));
        return false;
    }
    if (c == EOF && length == 0)
        return false;
    if (length > 0 && line[length - 1] == '\r')
        length--;
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f) {
            draft_fail(draft, draft->at, "the line holds a control character (0x%02x)",
                       (unsigned)(unsigned char)line[i]);
            return false;
        }
    line[length] = '\0';
    return true;
}

// "[server]" or "[pool NAME]", perhaps with a comment behind it.
static void
read_section(struct config_draft *draft, const char *line)
{
    const char *name = line + 1 + strspn(line + 1, " \t");
    size_t length = strcspn(name, "]");
    const char *rest = name + length + (name[length] == ']');
    char quote[DRAFT_QUOTE_SIZE];

    rest += strspn(rest, " \t");
    if (name[length] != ']' || (*rest != '\0' && (*rest != ';' || !is_blank(rest[-1])))) {
        draft_fail(draft, draft->at, "a section is [server] or [pool NAME] alone on its line");
        return;
    }
    while (length > 0 && is_blank(name[length - 1]))
        length--;
    if (length == 6 && memcmp(name, "server", 6) == 0) {
        draft_enter_server(draft);
    } else if (length > 4 && memcmp(name, "pool", 4) == 0 && is_blank(name[4])) {
        size_t skip = 4 + strspn(name + 4, " \t");

        draft_enter_pool(draft, name + skip, length - skip);
    } else {
        draft_fail(draft, draft->at, "unknown section '%s' (there are [server] and [pool NAME])",
                   draft_quote(line, quote));
    }
}

// What inih will make of the line, as far as it must be known here.
static void
prepare_line(struct file_reader *reader, const char *line)
{
    const char *text = line + strspn(line, " \t");

    reader->continues = text != line && reader->has_key;
    if (*text != '[')
        return;
    if (reader->continues) {
        draft_fail(reader->draft, reader->draft->at, "a section begins at the start of its line");
        return;
    }
    reader->has_key = false;
    read_section(reader->draft, text);
}

// inih 55 leaves a comment behind an indented line in the value.
static void
cut_comment(char *line)
{
    for (char *at = line; *at != '\0'; at++)
        if (is_blank(at[0]) && at[1] == ';') {
            *at = '\0';
            return;
        }
}

// inih's ini_reader.
static char *
next_line(char *line, int size, void *user)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    struct file_reader *reader = user;

    if (reader->draft->failed || !read_line(reader, line, (size_t)size))
        return NULL;
    if (reader->draft->at.line == 1 && strncmp(line, byte_order_mark, 3) == 0)
        memmove(line, line + 3, strlen(line + 3) + 1);
    prepare_line(reader, line);
    if (reader->continues)
        cut_comment(line);
    return reader->draft->failed ? NULL : line;
}

// inih's ini_handler. Its section may be cut; the draft has the whole.
static int
take_value(void *user, const char *section, const char *key, const char *value)
{
    struct file_reader *reader = user;

    (void)section;
    if (reader->continues)
        draft_continue(reader->draft, key, value);
    else
        draft_say(reader->draft, key, value);
    reader->has_key = true;
    return !reader->draft->failed;
}

static void
read_stream(struct config_draft *draft, FILE *stream)
{
    struct file_reader reader = {.draft = draft, .stream = stream};
    struct config_origin place = draft->at;
    int bad_line = ini_parse_stream(next_line, &reader, take_value, &reader);

    // inih goes on after a line that it does not understand; the earlier error counts.
    if (bad_line > 0) {
        place.line = (unsigned)bad_line;
        draft_fail(draft, place, "expected KEY = VALUE, [SECTION] or a comment");
    } else if (bad_line < 0) {
        draft_fail_memory(draft);
    }
}

static void
read_file(struct config_draft *draft, const char *path, bool optional)
{
    FILE *stream;

    draft_source(draft, path);
    if (draft->failed)
        return;
    stream = fopen(path, "re");
    if (stream != NULL) {
        read_stream(draft, stream);
        fclose(stream);
    } else if (errno != ENOENT || !optional) {
        draft_fail(draft, draft->at, "%s", strerror(errno));
    }
}

static int
is_drop_in(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && length > 5 &&
           strcmp(entry->d_name + length - 5, ".conf") == 0;
}

// By bytes: the order must not depend on the locale.
static int
compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void
read_drop_in(struct config_draft *draft, const char *directory, const char *name)
{
    char *path;

    if (asprintf(&path, "%s/%s", directory, name) < 0) {
        draft_fail_memory(draft);
        return;
    }
    read_file(draft, path, false);
    free(path);
}

static void
read_drop_ins(struct config_draft *draft, const char *directory)
{
    struct dirent **entries;
    int count = scandir(directory, &entries, is_drop_in, compare_names);

    if (count < 0 && errno != ENOENT && errno != ENOTDIR) {
        int problem = errno;

        draft_source(draft, directory);
        draft_fail(draft, draft->at, "%s", strerror(problem));
    }
    if (count < 0)
        return;
    for (int i = 0; i < count; i++) {
        if (!draft->failed)
            read_drop_in(draft, directory, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

void
draft_read_files(struct config_draft *draft, const char *path, bool optional)
{
    char *directory;

    read_file(draft, path, optional);
    if (draft->failed)
        return;
    if (asprintf(&directory, "%s.d", path) < 0) {
        draft_fail_memory(draft);
        return;
    }
    read_drop_ins(draft, directory);
    free(directory);
}
