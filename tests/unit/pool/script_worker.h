// A worker for the tests: a shell script that reads requests and does what the method's name says.
// It is written into a temporary folder and started by its path.
#ifndef OFFLOAD_TESTS_UNIT_POOL_SCRIPT_WORKER_H
#define OFFLOAD_TESTS_UNIT_POOL_SCRIPT_WORKER_H

// Methods:
//   answer     [SLOT, PID] as the result                 fail       an error object of its own
//   silent     no answer, and on to the next request     hang       no answer, and nothing else
//   kill       SIGKILL to itself                         exit       last words, then status 3
//   last       an answer, then SIGKILL                   partial    half an answer, then SIGKILL
//   held       dies; a descendant that left the group holds its stdout and has its pid in "held"
//   deaf       closes its stdin, answers, runs on        mute       closes its stdout and runs on
//   progress   a notification, then the answer           echo       the whole request as the result
//   gate       waits for the file "gate" beside the script, then answers
//   offer      that jobs may wait in its pipe, answer    back       gives this very job back
// and lines that break the protocol: garbage, babble (garbage and then the answer), other, twice,
// batch, request, nan, latin (no UTF-8), empty (no result), both, null, text, long, misback (gives
// back this job and one that it does not have), noback (gives back nothing).
#define SCRIPT_WORKER                                                                             \
    "#!/bin/sh\n"                                                                                 \
    "say() { printf '{\"jsonrpc\":\"2.0\",\"id\":%s,%s}\\n' \"$1\" \"$2\"; }\n"                   \
    "ok() { say \"$1\" \"\\\"result\\\":[$OFFLOAD_SLOT,$$]\"; }\n"                                \
    "while read -r line; do\n"                                                                    \
    "    id=${line#*'\"id\":'}; id=${id%%,*}\n"                                                   \
    "    method=${line#*'\"method\":\"'}; method=${method%%'\"'*}\n"                              \
    "    case $method in\n"                                                                       \
    "    answer) ok $id ;;\n"                                                                     \
    "    fail) say $id '\"error\":{\"code\":5,\"message\":\"no\",\"data\":[1e400]}' ;;\n"         \
    "    silent) ;;\n"                                                                            \
    "    hang) exec sleep 1000 ;;\n"                                                              \
    "    kill) kill -KILL $$ ;;\n"                                                                \
    "    exit) echo 'last words' >&2; exit 3 ;;\n"                                                \
    "    last) ok $id; kill -KILL $$ ;;\n"                                                        \
    "    partial) printf '{\"jsonrpc\":\"2.0\",\"id\":%s,\"res' $id; kill -KILL $$ ;;\n"          \
    "    held) setsid sh -c 'echo $$ >\"$1\"; exec sleep 1000 2>&-' - \"${0%/*}/held\" "          \
    "</dev/null &\n"                                                                              \
    "        while ! test -s \"${0%/*}/held\"; do sleep 0.01; done; kill -KILL $$ ;;\n"           \
    "    deaf) exec </dev/null; ok $id; sleep 1000 ;;\n"                                          \
    "    mute) exec >&-; sleep 1000 ;;\n"                                                         \
    "    progress) echo '{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{}}'; ok $id " \
    ";;\n"                                                                                        \
    "    gate) while ! test -e \"${0%/*}/gate\"; do sleep 0.01; done; ok $id ;;\n"                \
    "    offer) echo '{\"jsonrpc\":\"2.0\",\"method\":\"worker.ready\","                          \
    "\"params\":{\"prefetch\":true}}'; ok $id ;;\n"                                               \
    "    back) echo '{\"jsonrpc\":\"2.0\",\"method\":\"worker.return\",'"                         \
    "'\"params\":{\"ids\":['$id']}}' ;;\n"                                                        \
    "    misback) echo '{\"jsonrpc\":\"2.0\",\"method\":\"worker.return\",'"                      \
    "'\"params\":{\"ids\":['$id,$((id + 1))']}}' ;;\n"                                            \
    "    noback) echo '{\"jsonrpc\":\"2.0\",\"method\":\"worker.return\"}' ;;\n"                  \
    "    echo) say $id \"\\\"result\\\":$line\" ;;\n"                                             \
    "    garbage) echo 'hello, world' ;;\n"                                                       \
    "    babble) printf 'hello, world\\n%s\\n' \"$(ok $id)\" ;;\n"                                \
    "    other) ok $((id + 1)) ;;\n"                                                              \
    "    twice) ok $id; ok $id ;;\n"                                                              \
    "    batch) echo \"[$(ok $id)]\" ;;\n"                                                        \
    "    request) say $id '\"method\":\"x\"' ;;\n"                                                \
    "    nan) say $id '\"result\":NaN' ;;\n"                                                      \
    "    latin) printf '{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":\"\\344\"}\\n' $id ;;\n"        \
    "    empty) say $id '\"resutl\":1' ;;\n"                                                      \
    "    both) say $id '\"result\":1,\"error\":{}' ;;\n"                                          \
    "    null) ok null ;;\n"                                                                      \
    "    text) ok \"\\\"$id\\\"\" ;;\n"                                                           \
    "    long) say $id \"\\\"result\\\":\\\"$(printf '%20000s' x)\\\"\" ;;\n"                     \
    "    esac\n"                                                                                  \
    "done\n"

#define SCRIPT_LINE_MAX 10000

#endif
