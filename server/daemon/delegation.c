// See delegation.h. What is delegated, and what a process must do before it may use it:
// https://systemd.io/CGROUP_DELEGATION and cgroups(7).
#include "daemon/delegation.h"

#include "common/log.h"
#include "pool/control_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SUBJECT "cgroups"
#define LEAF    "daemon"

__attribute__((format(printf, 2, 3))) static void
say(struct delegation *delegation, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(delegation->reason, sizeof(delegation->reason), format, list);
    va_end(list);
}

// ---- where it is ----------------------------------------------------------------------------

// The daemon's cgroup of version 2, from the line "0::PATH".
static bool
find_path(const char *file, char path[DELEGATION_PATH_MAX])
{
    FILE *in = fopen(file, "re");
    char *line = NULL;
    size_t size = 0;
    bool found = false;

    while (in != NULL && !found && getline(&line, &size, in) > 0) {
        line[strcspn(line, "\n")] = '\0';
        // One that begins so is outside of the daemon's own cgroup namespace.
        found = strncmp(line, "0::/", 4) == 0 && strncmp(line, "0::/..", 6) != 0 &&
                strlen(line + 3) < DELEGATION_PATH_MAX;
        if (found)
            strcpy(path, line + 3);
    }
    free(line);
    if (in != NULL)
        fclose(in);
    return found;
}

// proc(5): blanks and their like are written as three octal digits.
static void
unescape(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++) {
        if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
            *to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
            text += 3;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

// The part of `path` below `root`; NULL if it is not below it.
static const char *
below(const char *path, const char *root)
{
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);

    if (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != '\0'))
        return NULL;
    return strcmp(path + length, "/") == 0 ? "" : path + length;
}

// A line of mountinfo: ID PARENT DEVICE ROOT WHERE OPTIONS [MORE...] - TYPE SOURCE OPTIONS. True if
// it is a mount of cgroup2; *ret_root and *ret_where then lie in the line.
static bool
parse_mount(char *line, char **ret_root, char **ret_where)
{
    char *fields[6];
    char *rest = NULL;
    char *field = strtok_r(line, " \n", &rest);

    for (int i = 0; i < 6; i++) {
        if (field == NULL)
            return false;
        fields[i] = field;
        field = strtok_r(NULL, " \n", &rest);
    }
    while (field != NULL && strcmp(field, "-") != 0)
        field = strtok_r(NULL, " \n", &rest);
    field = field != NULL ? strtok_r(NULL, " \n", &rest) : NULL;
    if (field == NULL || strcmp(field, "cgroup2") != 0)
        return false;
    *ret_root = fields[3];
    *ret_where = fields[4];
    unescape(*ret_root);
    unescape(*ret_where);
    return true;
}

// ---- whose it is ----------------------------------------------------------------------------

static bool
is_marked(int directory)
{
    char value[2];

    return fgetxattr(directory, "user.delegate", value, sizeof(value)) == 1 && value[0] == '1';
}

static bool
is_writable(struct delegation *delegation, int directory)
{
    static const char *const files[] = {".", "cgroup.procs", "cgroup.subtree_control"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (faccessat(directory, files[i], W_OK, AT_EACCESS) != 0) {
            say(delegation, "%s in it: %s", files[i], strerror(errno));
            return false;
        }
    return true;
}

// A cgroup may be delegated to somebody else who runs this daemon in it, as a script does that is a
// service itself. What has it to itself is the service.
static bool
is_alone(struct delegation *delegation, int directory)
{
    char own[32];
    char text[32] = "";

    snprintf(own, sizeof(own), "%d\n", (int)getpid());
    if (control_read(directory, "cgroup.procs", text, sizeof(text)) == 0 && strcmp(text, own) == 0)
        return true;
    say(delegation, "other processes are in it");
    return false;
}

// The directory of the cgroup through this mount, if it is ours. -1 if not, with the reason.
static int
open_directory(struct delegation *delegation, const char *where, const char *rest,
               const struct delegation_source *source)
{
    char *path;
    int directory;

    if (asprintf(&path, "%s%s", where, rest) < 0)
        return -1;
    directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        say(delegation, "%s", strerror(errno));
    free(path);
    if (directory < 0)
        return -1;
    if (!source->marked(directory))
        say(delegation, "it is not marked as delegated");
    else if (is_writable(delegation, directory) && is_alone(delegation, directory))
        return directory;
    close(directory);
    return -1;
}

// There may be several mounts, and one that can be written to among them.
static int
find_directory(struct delegation *delegation, const struct delegation_source *source)
{
    FILE *in = fopen(source->mounts, "re");
    int directory = -1;
    char *line = NULL;
    size_t size = 0;
    char *root;
    char *where;

    say(delegation, "it is not mounted");
    while (in != NULL && directory < 0 && getline(&line, &size, in) > 0) {
        const char *rest = parse_mount(line, &root, &where) ? below(delegation->path, root) : NULL;

        if (rest != NULL)
            directory = open_directory(delegation, where, rest, source);
    }
    free(line);
    if (in != NULL)
        fclose(in);
    return directory;
}

// ---- what has to be done first --------------------------------------------------------------

// Into a leaf. If somebody is there already, the tree is another daemon's.
static bool
move(struct delegation *delegation, int directory)
{
    char text[32] = "";
    int error;

    if (mkdirat(directory, LEAF, 0755) != 0 && errno != EEXIST) {
        say(delegation, "mkdir " LEAF ": %s", strerror(errno));
        return false;
    }
    error = control_read(directory, LEAF "/cgroup.procs", text, sizeof(text));
    if (error == -EFBIG || text[0] != '\0') {
        say(delegation, "another process is in " LEAF);
        return false;
    }
    if (error == 0)
        error = control_write(directory, LEAF "/cgroup.procs", "0");
    if (error != 0)
        say(delegation, LEAF "/cgroup.procs: %s", strerror(-error));
    return error == 0;
}

// Hands a controller down to the cgroups below. What is missing is added to the reason.
static bool
enable(struct delegation *delegation, int directory, const char *controllers, const char *name)
{
    char change[16];
    size_t said = strlen(delegation->reason);
    const char *problem = "it is not delegated";
    char word[16];
    int error = 0;

    snprintf(word, sizeof(word), " %s ", name);
    snprintf(change, sizeof(change), "+%s", name);
    if (strstr(controllers, word) != NULL) {
        error = control_write(directory, "cgroup.subtree_control", change);
        if (error == 0)
            return true;
        problem = strerror(-error);
    }
    snprintf(delegation->reason + said, sizeof(delegation->reason) - said, "%scontroller %s: %s",
             said > 0 ? "; " : "", name, problem);
    return false;
}

static void
enable_all(struct delegation *delegation, int directory)
{
    char controllers[1024] = " ";
    int error =
        control_read(directory, "cgroup.controllers", controllers + 1, sizeof(controllers) - 2);

    if (error != 0)
        controllers[1] = '\0';
    controllers[1 + strcspn(controllers + 1, "\n")] = '\0';
    strcat(controllers, " ");
    delegation->controllers.memory = enable(delegation, directory, controllers, "memory");
    delegation->controllers.cpu = enable(delegation, directory, controllers, "cpu");
    // It never works on jobs itself, and whoever waits for an answer waits for it: it goes first,
    // whatever weights the pools have. If that cannot be, it is one among many.
    if (delegation->controllers.cpu)
        (void)control_write(directory, LEAF "/cpu.weight", "10000");
}

void
delegation_take(struct delegation *ret, const struct delegation_source *source)
{
    static const struct delegation_source real = {
        .cgroup = "/proc/self/cgroup",
        .mounts = "/proc/self/mountinfo",
        .marked = is_marked,
    };
    int directory;

    *ret = (struct delegation){.directory = -1};
    source = source != NULL ? source : &real;
    if (!find_path(source->cgroup, ret->path)) {
        say(ret, "the daemon is in none of version 2");
        return;
    }
    directory = find_directory(ret, source);
    if (directory < 0)
        return;
    if (!move(ret, directory)) {
        close(directory);
        return;
    }
    ret->reason[0] = '\0';
    enable_all(ret, directory);
    ret->directory = directory;
}

void
delegation_close(struct delegation *delegation)
{
    if (delegation->directory >= 0)
        close(delegation->directory);
    delegation->directory = -1;
}

void
delegation_log(const struct delegation *delegation)
{
    bool partly = delegation->reason[0] != '\0';

    if (delegation->directory < 0)
        log_info(SUBJECT, "workers have none of their own, their rlimits have to do: %s%s%s",
                 delegation->path, delegation->path[0] != '\0' ? ": " : "", delegation->reason);
    else if (partly)
        log_warning(SUBJECT, "workers have their own below %s, but not all that belongs to it: %s",
                    delegation->path, delegation->reason);
    else
        log_info(SUBJECT, "workers have their own below %s", delegation->path);
}
