"""Processes of a system under test: started in a temporary folder, waited for with a deadline, measured, and
ended by their ids. It must not know what they are."""
import json
import os
import select
import shutil
import socket
import subprocess
import tempfile
import time

DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL"]
START_SECONDS = 15
END_SECONDS = 5
TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A system did not do what it should; the text says what."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Group:
    """The processes of one system. Leaving the `with` ends them."""

    def __init__(self, cpus=None):
        self.cpus, self.processes, self.folder = cpus, [], None
        self.wrap = []  # what is started is started by this

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="offload-bench-")
        return self

    def __exit__(self, *_):
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def end(self):
        while self.processes:
            _end(self.processes.pop())

    def start(self, arguments, wait_ready=False, stdin=subprocess.DEVNULL):
        """Starts a process; with wait_ready it says `ready` on its standard output."""
        arguments = [str(argument) for argument in arguments]
        with open(self.path("log%d" % len(self.processes)), "wb") as log:
            process = subprocess.Popen(
                DIES_WITH_US + self.pinned() + self.wrap + arguments, cwd=self.folder, stdin=stdin,
                stdout=subprocess.PIPE if wait_ready else log, stderr=log, start_new_session=True)
        self.processes.append(process)
        if wait_ready:
            self._wait_for_ready(process, arguments)
        return process

    def pinned(self):
        return ["taskset", "-c", ",".join(map(str, self.cpus))] if self.cpus else []

    def _wait_for_ready(self, process, arguments):
        try:
            say_and_expect(process, None, b"ready\n", START_SECONDS)
        except Failed as failure:
            raise Failed("did not start: %s\n%s" % (" ".join(arguments), self.logs())) from failure

    def wait_for(self, condition, what):
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise Failed("%s: not in %d s\n%s" % (what, START_SECONDS, self.logs()))
            time.sleep(0.001)

    def wait_for_port(self, port):
        self.wait_for(lambda: _listens(port), "listening on port %d" % port)

    def check(self):
        for process in self.processes:
            if process.poll() is not None:
                raise Failed("%s has ended (%d)\n%s" % (process.args[0], process.returncode, self.logs()))

    def logs(self):
        texts = []
        for name in sorted(os.listdir(self.folder)):
            if name.startswith("log"):
                with open(self.path(name), encoding="utf-8", errors="replace") as log:
                    texts.append(log.read()[-1000:])
        return "\n".join(text for text in texts if text)

    def outcome_of(self, process, seconds):
        """What a process that ends by itself has printed, as JSON."""
        try:
            if process.wait(seconds) == 0:
                with open(self.path("log%d" % self.processes.index(process)), encoding="ascii") as file:
                    return json.load(file)
        except (subprocess.TimeoutExpired, ValueError):
            pass
        raise Failed("%s has not ended well\n%s" % (process.args[0], self.logs()))

    def pids(self):
        return descendants([process.pid for process in self.processes])

    def cpu_seconds(self):
        return sum(map(cpu_seconds, self.pids()))

    def peak_kib(self):
        return sum(status_kib(pid, "VmHWM") for pid in self.pids())


def _end(process):
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def descendants(pids):
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = _stat(name)
            if fields:
                children.setdefault(int(fields[1]), []).append(int(name))
    found = list(pids)
    for pid in found:  # grows while it goes
        found += children.get(pid, [])
    return found


def _stat(pid):
    """The fields of /proc/PID/stat from the state on, which is field 3 of proc(5)."""
    try:
        with open("/proc/%s/stat" % pid, encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def cpu_seconds(pid):
    """What a process has used with all its threads (its CPU clock, see clock_getcpuclockid(3)), and with the
    children that it has waited for (in ticks)."""
    fields = _stat(pid)
    if fields is None:
        return 0
    try:
        return time.clock_gettime((~pid << 3) | 2) + (int(fields[13]) + int(fields[14])) / TICKS
    except OSError:
        return 0


def status_kib(pid, key):
    try:
        with open("/proc/%d/status" % pid, encoding="utf-8") as file:
            return next((int(line.split()[1]) for line in file if line.startswith(key + ":")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def say_and_expect(process, text, expected, seconds):
    """A line to the standard input of a process (none if it is None), and what it must answer."""
    if text is not None:
        process.stdin.write(text)
        process.stdin.flush()
    readable, _, _ = select.select([process.stdout], [], [], seconds)
    if not readable or process.stdout.readline() != expected:
        raise Failed("%s does not say %r" % (process.args[0], expected))
