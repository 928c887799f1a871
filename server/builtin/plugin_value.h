// JSON values on their way between a plug-in and the wire: checked text, text on one line, and
// jansson's values with a bound on what they cost. Knows no jobs.
#ifndef OFFLOAD_BUILTIN_PLUGIN_VALUE_H
#define OFFLOAD_BUILTIN_PLUGIN_VALUE_H

#include "common/span.h"

#include <jansson.h>

// More values than this are not turned into jansson's: each takes up to 230 bytes of heap, for as
// little as two bytes of text. The number stands in plugin/offload-plugin.h too.
#define PLUGIN_VALUES_MAX 262144

// The reason why the text is not one value (a static phrase that needs no escaping); NULL if it is.
const char *plugin_value_check(struct span text, unsigned depth_max);

// A copy on one line, NUL-terminated (malloc, caller frees); NULL when out of memory. The text is
// valid JSON, in which line ends stand between values only: they become spaces.
char *plugin_value_line(struct span text);

// The text of a value, whose reference is taken (malloc, caller frees). NULL if there is no value,
// or if it cannot be written: not UTF-8, a loop, no memory.
char *plugin_value_dump(json_t *value);

// Valid JSON as jansson's values (caller decrefs). NULL with *ret_error->text filled if it is
// beyond jansson or the bound.
json_t *plugin_value_load(struct span text, json_error_t *ret_error);

#endif
