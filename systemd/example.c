// Writes an example configuration (example FILE) in which every key stands with its meaning and its
// default, all of it commented out. It comes from the daemon's own table of keys, so that it knows
// all of them.
#include "model/config.h"

#include <stdio.h>
#include <string.h>

static const char head[] = "# The configuration of offloadd; offloadd.conf(5) says all about it, "
                           "`offloadd --check` whether\n"
                           "# it is right. What stands here in comments is the default, or a form "
                           "in capitals where there is\n"
                           "# none. offloadd.conf.d/*.conf is read too.\n"
                           "\n"
                           "[server]\n";

static const char pool_head[] = "\n"
                                "# A pool: workers of one kind, and the methods that they serve. "
                                "Any number of pools may follow;\n"
                                "# without any it is one with the name `cpu` and the line `builtin "
                                "= yes`. A pool has exactly one\n"
                                "# of builtin, program, plugin and command.\n"
                                "#[pool NAME]\n";

// The default as one would write it: that of `listen` depends on the environment, and a service has
// this directory.
static void
print_value(FILE *out, const struct config_key_info *key)
{
    static const char variable[] = "$RUNTIME_DIRECTORY";
    const char *value = key->standard[0] != '\0' ? key->standard : key->value;
    const char *found = strstr(value, variable);

    if (found == NULL)
        fprintf(out, "%s\n", value);
    else
        fprintf(out, "%.*s/run/offloadd%s\n", (int)(found - value), value,
                found + strlen(variable));
}

static void
print_keys(FILE *out, const char *section)
{
    size_t count;
    const struct config_key_info *keys = config_keys(&count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].section, section) != 0)
            continue;
        fprintf(out, "\n# %s\n#%s = ", keys[i].description, keys[i].key);
        print_value(out, &keys[i]);
    }
}

int
main(int argc, char **argv)
{
    FILE *out = argc == 2 ? fopen(argv[1], "we") : NULL;
    bool failed;

    if (out == NULL)
        return 1;
    fputs(head, out);
    print_keys(out, "server");
    fputs(pool_head, out);
    print_keys(out, "pool");
    failed = ferror(out);
    return fclose(out) != 0 || failed;
}
