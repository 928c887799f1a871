#!/usr/bin/env python3
"""What one would write in Python: an asyncio server of JSON lines before a ProcessPoolExecutor.

    python_server.py PORT WORKERS PLUGIN
"""
import asyncio
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import python_work


class Session(asyncio.Protocol):
    """A protocol, not streams: that is the fastest that asyncio has."""

    def __init__(self, loop, pool):
        self.loop, self.pool, self.rest = loop, pool, []

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        *lines, rest = data.split(b"\n")
        if lines and self.rest:
            lines[0] = b"".join(self.rest) + lines[0]
            self.rest.clear()
        for line in lines:
            self.request(json.loads(line))
        if rest:
            self.rest.append(rest)

    def request(self, request):
        if request["method"] == "server.ping":
            self.answer(request["id"], "pong")
        elif request["method"] == "sleep":
            delay = request["params"][0]
            self.loop.call_later(delay, self.answer, request["id"],
                                 "Operation completed after %s seconds" % delay)
        else:
            function = python_work.burn if request["method"] == "burn" else python_work.echo
            future = self.loop.run_in_executor(self.pool, function, request["params"])
            future.add_done_callback(lambda future: self.answer(request["id"], future.result()))

    def answer(self, id, result):
        text = python_work.dumps({"jsonrpc": "2.0", "id": id, "result": result})
        self.transport.write(text.encode() + b"\n")


async def main():
    port, workers = int(sys.argv[1]), int(sys.argv[2])
    python_work.load(sys.argv[3])
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(workers, initializer=python_work.begin) as pool:
        await asyncio.gather(*[loop.run_in_executor(pool, python_work.nothing) for _ in range(workers)])
        server = await loop.create_server(lambda: Session(loop, pool), "127.0.0.1", port, backlog=1024)
        print("ready", flush=True)
        await server.serve_forever()


try:
    asyncio.run(main())
except KeyboardInterrupt:
    os._exit(0)
