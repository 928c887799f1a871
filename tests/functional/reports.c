// See reports.h.
#include "reports.h"

#include "assertions.h"
#include "daemon.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void
reports_check_log(const char *path, bool killing)
{
    static const char *const signs[] = {"ERROR: AddressSanitizer",
                                        "runtime error:", "ERROR: LeakSanitizer",
                                        "WARNING: ThreadSanitizer"};
    char *text = read_text(path);
    const char *found = NULL;

    for (size_t i = 0; text != NULL && found == NULL && i < sizeof(signs) / sizeof(signs[0]); i++) {
        for (const char *at = text; found == NULL && (at = strstr(at, signs[i])) != NULL; at++)
            if (!killing || strncmp(at + strlen(signs[i]), ": SEGV", 6) != 0)
                found = at;
    }
    if (found != NULL)
        print_error("%.4000s\n", found);
    free(text);
    if (found != NULL)
        fail_msg("a sanitizer reports");
}

void
reports_prepare(const char *folder)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/valgrind", folder);
    mkdir(path, 0700);
    setenv("OFFLOAD_VALGRIND_LOGS", path, 1);
}

// Descriptors that valgrind lists at the end and that the process did not get from its parent.
static bool
has_own_descriptor(const char *text)
{
    for (const char *at = text; (at = strstr(at, "Open ")) != NULL; at++) {
        const char *end = strstr(at + 1, "Open ");
        const char *inherited = strstr(at, "<inherited from parent>");

        if (inherited == NULL || (end != NULL && inherited > end))
            return true;
    }
    return false;
}

// True if something in one log is a finding.
static bool
is_finding(const char *text, bool killed)
{
    static const char *const errors[] = {"Invalid ", "uninitialised", "Uninitialised", "Mismatched",
                                         "Source and destination"};

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (strstr(text, errors[i]) != NULL)
            return true;
    return !killed && (strstr(text, " lost in loss record") != NULL || has_own_descriptor(text));
}

void
reports_check_valgrind(const char *folder, bool killing)
{
    char path[128], file[400];
    struct dirent *entry;
    int findings = 0;
    DIR *logs;

    snprintf(path, sizeof(path), "%s/valgrind", folder);
    logs = opendir(path);
    while (logs != NULL && (entry = readdir(logs)) != NULL) {
        char *text;

        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        text = entry->d_name[0] == '.' ? NULL : read_text(file);
        if (text != NULL && is_finding(text, killing)) {
            print_error("%s:\n%.6000s\n", entry->d_name, text);
            findings++;
        }
        free(text);
    }
    if (logs != NULL)
        closedir(logs);
    if (findings > 0)
        fail_msg("valgrind reports on %d processes", findings);
}
