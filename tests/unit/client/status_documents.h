// For tests: answers to server.status, such as a daemon of today gives, one of an earlier version,
// and a hostile one.
#ifndef OFFLOAD_TESTS_STATUS_DOCUMENTS_H
#define OFFLOAD_TESTS_STATUS_DOCUMENTS_H

#define TIMES(count, p50)                                                           \
    "{\"last_minute\":{\"jobs\":" count ",\"turns\":" count ",\"p50_seconds\":" p50 \
    ",\"p90_seconds\":0.0031,\"p99_seconds\":0.02,\"max_seconds\":1.25},\"since_start\":{}}"

#define NO_TIMES                                                                          \
    "{\"last_minute\":{\"jobs\":0,\"turns\":0,\"p50_seconds\":null,\"p90_seconds\":null," \
    "\"p99_seconds\":null,\"max_seconds\":null}}"

#define HEAD(uptime)                                                                     \
    "{\"version\":\"1.2\",\"pid\":4711,\"state\":\"serving\",\"uptime_seconds\":" uptime \
    ",\"listen\":[\"unix:/run/sock\",\"tcp:127.0.0.1:7707\"],\"sessions\":{\"open\":3},"

#define JOBS(succeeded)                                                            \
    "\"jobs\":{\"queued\":12,\"delayed\":0,\"running\":2,\"succeeded\":" succeeded \
    ",\"failed\":10,\"cancelled\":1,\"timed_out\":2,\"lost\":3},"

#define WORKER(slot, pid, job, age, cpu, memory)                                          \
    "{\"slot\":" slot ",\"pid\":" pid ",\"state\":\"ready\",\"running\":1,\"waiting\":0," \
    "\"job\":" job ",\"jobs_done\":7,\"age_seconds\":" age ",\"cpu_seconds\":" cpu        \
    ",\"memory_bytes\":" memory "}"

#define JOB(method, seconds) "{\"method\":\"" method "\",\"running_seconds\":" seconds "}"

#define POOL(name, state, succeeded, more, workers)                                        \
    "{\"name\":\"" name "\",\"state\":\"" state "\",\"kind\":\"program\",\"methods\":"     \
    "[\"one\",\"two\"],\"processes\":2,\"threads\":1,\"queued\":12,\"running\":2,"         \
    "\"restarts\":4,\"succeeded\":" succeeded ",\"failed\":10,\"timed_out\":0,\"lost\":0," \
    "\"latency\":" TIMES("117", "0.0012") "," more "\"workers\":[" workers "]}"

#define START_ERROR                                                \
    "\"start_error\":{\"code\":-32010,\"message\":\"Job failed\"," \
    "\"data\":{\"cause\":\"start\",\"reason\":\"/opt/none: No such file\"}},"

#define DOCUMENT_FIRST                                                                               \
    HEAD("100.0")                                                                                    \
    JOBS("1000")                                                                                     \
    "\"latency\":" TIMES("117", "0.0012") ",\"loop_lag\":" TIMES(                                    \
        "8",                                                                                         \
        "0.000017") ",\"pools\":[" POOL("cpu", "serving", "1000", "",                                \
                                        WORKER(                                                      \
                                            "0", "101", JOB("one", "1.5"), "50", "25",               \
                                            "12582912") "," WORKER("1", "102", "null", "50", "0",    \
                                                                   "8388608")) "," POOL("web",       \
                                                                                        "paused",    \
                                                                                        "0",         \
                                                                                        START_ERROR, \
                                                                                        "") "]}"

// Two seconds later: 50 more jobs, and the first worker was busy all the time. One was replaced.
#define DOCUMENT_SECOND                                                                            \
    HEAD("102.0")                                                                                  \
    JOBS("1050")                                                                                   \
    "\"latency\":" TIMES("167", "0.0012") ",\"loop_lag\":" TIMES(                                  \
        "9",                                                                                       \
        "0.000017") ",\"pools\":[" POOL("cpu", "serving", "1050", "",                              \
                                        WORKER("0", "101", JOB("one", "3.5"), "52", "27",          \
                                               "12582912") "," WORKER("1", "103",                  \
                                                                      JOB("two", "0.5"), "1",      \
                                                                      "0.5",                       \
                                                                      "null")) "," POOL("web",     \
                                                                                        "serving", \
                                                                                        "0", "",   \
                                                                                        "") "]}"

// Before there were latencies, jobs of workers, and usage.
#define DOCUMENT_OLD                                                                         \
    "{\"version\":\"0.1.0\",\"pid\":4711,\"state\":\"draining\",\"uptime_seconds\":5.5,"     \
    "\"sessions\":{\"open\":1},\"jobs\":{\"queued\":0,\"running\":1},\"pools\":[{"           \
    "\"name\":\"cpu\",\"state\":\"serving\",\"kind\":\"builtin\",\"methods\":[\"echo\"],"    \
    "\"processes\":1,\"threads\":1,\"queued\":0,\"running\":1,\"restarts\":0,\"workers\":[{" \
    "\"slot\":0,\"pid\":55,\"state\":\"ready\",\"running\":1,\"jobs_done\":0,"               \
    "\"age_seconds\":5.25}]}]}"

#define DOCUMENT_HOSTILE                                                                     \
    "{\"version\":\"\\u001b[2J\\u0000x\",\"pid\":1e300,\"state\":[],\"uptime_seconds\":-4,"  \
    "\"listen\":[7],\"sessions\":[],\"jobs\":null,\"latency\":5,\"pools\":[3,{\"name\":"     \
    "\"\\u001b]0;title\\u0007\\r\\n\",\"state\":{},\"methods\":[null,\"m\\u009b1m\"],"       \
    "\"queued\":-7,\"start_error\":{\"data\":{\"reason\":\"\\u001b[31mred\"}},"              \
    "\"workers\":[null,{\"slot\":9e99,\"pid\":-1,\"state\":\"\\u202e\",\"job\":{\"method\":" \
    "\"\\u0008\\u0008\",\"running_seconds\":1e308},\"cpu_seconds\":1e308,\"age_seconds\":"   \
    "1e-300,\"memory_bytes\":1e30}]}]}"

#endif
