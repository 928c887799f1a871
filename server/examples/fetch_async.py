#!/usr/bin/env python3
"""An asynchronous worker in Python: one process, many jobs at once, answered as they are done.

    [pool async]
    program = /usr/share/doc/offload/examples/fetch_async.py
    methods = wait read
    processes = 1
    in-flight = 64

    $ offload call wait seconds=1
    $ offload call read 'paths=["/etc/hostname","/etc/os-release"]'

`wait` stands for whatever a coroutine awaits: a database, an HTTP server. 64 waits of a second take a
second. `read` reads files, each in a thread, and says how long they are or what is wrong with them; whoever
may call it learns that of every file that the worker can read.
"""
import asyncio
import json
import math
import os
import sys

LINE_MAX = 4 << 20  # the daemon's line-max, unless configured


class BadParams(Exception):
    pass


async def wait(params):
    seconds = params.get("seconds") if isinstance(params, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) \
            or not math.isfinite(seconds) or not 0 <= seconds <= 3600:
        raise BadParams("seconds must be a number from 0 to 3600")
    await asyncio.sleep(seconds)
    return seconds


def size_of(path):
    try:
        if not os.path.isfile(path):
            return "not a file"
        with open(path, "rb") as file:
            return len(file.read())
    except (OSError, ValueError) as problem:
        return str(problem)


async def read(params):
    paths = params.get("paths") if isinstance(params, dict) else None
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise BadParams("paths must be an array of strings")
    sizes = await asyncio.gather(*(asyncio.to_thread(size_of, path) for path in paths))
    return dict(zip(paths, sizes))


METHODS = {"wait": wait, "read": read}


def error(code, message, **more):
    return {"error": {"code": code, "message": message, **more}}


async def answer(request):
    method = METHODS.get(request["method"])
    if method is None:
        return error(-32601, "Method not found")
    try:
        return {"result": await method(request.get("params"))}
    except BadParams as problem:
        return error(-32602, "Invalid params", data={"reason": str(problem)})


async def serve(request):
    response = {"jsonrpc": "2.0", "id": request["id"], **await answer(request)}
    print(json.dumps(response), flush=True)  # a whole line: no await within it


async def main():
    reader = asyncio.StreamReader(limit=LINE_MAX + 4096)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    jobs = set()  # a task that nobody holds may be collected
    while line := await reader.readline():
        if not line.strip():
            continue
        request = json.loads(line)
        if "id" not in request:
            continue  # a notification is never answered
        job = asyncio.create_task(serve(request))
        jobs.add(job)
        job.add_done_callback(jobs.discard)
    for job in jobs:  # end of file: nobody waits for the rest
        job.cancel()


asyncio.run(main())
