"""What the benchmarks of waiting share: a daemon with workers of a known run time, and clients."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

# Answers when it began, on the clock of the machine. Params: [seconds].
WORKER = """#!/usr/bin/env python3
import json, sys, time
for line in sys.stdin:
    request = json.loads(line)
    begin = time.monotonic()
    time.sleep(request["params"][0])
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": begin}), flush=True)
"""


class Daemon:
    def __init__(self, build, settings):
        self.folder = tempfile.TemporaryDirectory()
        os.chmod(self.folder.name, 0o755)
        worker = os.path.join(self.folder.name, "worker")
        with open(worker, "w", encoding="utf-8") as file:
            file.write(WORKER)
        os.chmod(worker, 0o755)
        ready = os.path.join(self.folder.name, "ready")
        self.unix = os.path.join(self.folder.name, "socket")
        arguments = [os.path.join(build, "server/offloadd"), "--config", "/dev/null",
                     "--ready-file", ready, "--listen", "unix:" + self.unix,
                     "--listen", "tcp:127.0.0.1:0", "--set", "server.socket-mode=0666",
                     "--set", "server.in-flight-max=100000",
                     "--set", "pool.known.program=" + worker, "--set", "pool.known.methods=work"]
        for setting in settings:
            arguments += ["--set", setting]
        self.process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not os.path.exists(ready):
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit("the daemon did not start: " + " ".join(arguments))
            time.sleep(0.01)
        with open(ready, encoding="utf-8") as file:
            tcp = next(line for line in file if line.startswith("tcp:"))
        self.port = int(tcp.rsplit(":", 1)[1])

    def stop(self):
        self.process.terminate()
        if self.process.wait() != 0:
            sys.exit("the daemon did not end well")
        self.folder.cleanup()


class Client:
    """A session; `source` is a local address, or a uid for the Unix socket."""

    def __init__(self, daemon, source):
        if isinstance(source, int):
            self.socket = socket.socket(socket.AF_UNIX)
            own = os.geteuid()
            if source != own:
                os.seteuid(source)
            self.socket.connect(daemon.unix)
            if source != own:
                os.seteuid(own)
        else:
            self.socket = socket.create_connection(("127.0.0.1", daemon.port),
                                                   source_address=(source, 0))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.socket.makefile("rb")

    def send(self, *requests):
        self.socket.sendall(b"".join(json.dumps(dict(request, jsonrpc="2.0")).encode() + b"\n"
                                     for request in requests))

    def receive(self):
        return json.loads(self.lines.readline())

    def ask(self, request):
        self.send(request)
        return self.receive()

    def close(self):
        self.lines.close()
        self.socket.close()


def work(number, seconds, **options):
    request = {"id": number, "method": "work", "params": [seconds]}
    return dict(request, options=options) if options else request


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def options(*defaults):
    """The arguments of the command line in place of the defaults, as what those are."""
    given = sys.argv[1:]
    return [type(default)(given[i]) if i < len(given) else default
            for i, default in enumerate(defaults)]
