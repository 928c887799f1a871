#!/usr/bin/env python3
"""A worker in Python that takes jobs ahead: the next short jobs are here already when one is done, and
when one turns out to take long, those behind it are given back for other workers to do.

    [pool quick]
    program = /usr/share/doc/offload/examples/prefetch.py
    methods = reverse nap

    $ offload call reverse text=stressed
    "desserts"
    $ seq 100000 | offload map reverse text={} >/dev/null

One thread reads, one works, and one watches how long the job in hand takes. A job is under way from the
moment in which `take` has it: its id is never given back.
"""
import collections
import json
import sys
import threading
import time

PATIENCE = 0.003  # seconds that jobs wait behind one before they are given back


class Jobs:
    """What was read and is not done; all of it under one lock."""

    def __init__(self):
        self.arrived = threading.Condition()
        self.waiting = collections.deque()
        self.in_hand = None  # the request under way
        self.ended = False   # nothing more will come

    def put(self, request):
        with self.arrived:
            self.waiting.append(request)
            self.arrived.notify_all()

    def end(self):
        with self.arrived:
            self.ended = True
            self.arrived.notify_all()

    def take(self):
        """The next job, or None at the end."""
        with self.arrived:
            self.in_hand = None
            self.arrived.wait_for(lambda: self.waiting or self.ended)
            if self.waiting:
                self.in_hand = self.waiting.popleft()
                self.arrived.notify_all()  # the watcher: others may wait behind it from now on
            return self.in_hand

    def held_up(self):
        """Waits until jobs wait behind one, and returns that one."""
        with self.arrived:
            self.arrived.wait_for(lambda: self.waiting and self.in_hand)
            return self.in_hand

    def give_back(self, late):
        """The ids of all that wait, if `late` is still in hand; they are no longer ours."""
        with self.arrived:
            if self.in_hand is not late:
                return []
            ids = [request["id"] for request in self.waiting]
            self.waiting.clear()
            return ids


output = threading.Lock()


def say(**message):
    line = json.dumps({"jsonrpc": "2.0", **message}) + "\n"
    with output:  # a line is written whole
        sys.stdout.write(line)
        sys.stdout.flush()


def read(jobs):
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        request = json.loads(line)
        if "id" in request:  # else a notification, which is never answered
            jobs.put(request)
    jobs.end()


def watch(jobs):
    while True:
        late = jobs.held_up()
        time.sleep(PATIENCE)
        ids = jobs.give_back(late)
        if ids:
            say(method="worker.return", params={"ids": ids})


def reverse(params):
    return params["text"][::-1]


def nap(params):
    time.sleep(params["seconds"])
    return params["seconds"]


METHODS = {"reverse": reverse, "nap": nap}


def answer(request):
    method = METHODS.get(request["method"])
    if method is None:
        return {"error": {"code": -32601, "message": "Method not found"}}
    try:
        return {"result": method(request.get("params"))}
    except (KeyError, TypeError, ValueError, OverflowError) as problem:
        return {"error": {"code": -32602, "message": "Invalid params", "data": {"reason": repr(problem)}}}


jobs = Jobs()
sys.setswitchinterval(0.001)  # the watcher must come in between when a job computes
threading.Thread(target=read, args=(jobs,), daemon=True).start()
threading.Thread(target=watch, args=(jobs,), daemon=True).start()
say(method="worker.ready", params={"prefetch": True})
while request := jobs.take():
    say(id=request["id"], **answer(request))
