// The form that nearly all messages have, read without looking any name up: what our own programs
// write, and the JSON libraries of most languages, with or without a blank after colons and commas.
//
//     {"jsonrpc":"2.0","id":17,"method":"echo","params":[1]}
//     {"jsonrpc": "2.0", "id": "a", "result": {"x": 1}}
//
// Any other form, right or wrong, is left to the general way, which this one must never contradict.
#ifndef OFFLOAD_COMMON_MESSAGE_USUAL_H
#define OFFLOAD_COMMON_MESSAGE_USUAL_H

#include "common/message.h"

// Reads the message that begins at `at`, alone or in a batch, and returns where it ends; NULL if it
// has another form: *ret_message is then undefined. Nothing at or behind `end` is read.
const char *
message_usual(const char *at, const char *end, unsigned depth_max, struct message *ret_message);

#endif
