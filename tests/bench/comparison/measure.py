"""One measurement of one system: starts it, lets a load run, and collects what all processes have used. Every
load checks every answer; a wrong or missing one is a Failed here."""
import dataclasses
import json
import os
import resource
import signal
import socket
import statistics
import subprocess
import time

from . import processes, systems
from .processes import Failed

LOAD_SECONDS_MAX = 120
IDLE_SETTLE_SECONDS = 1


@dataclasses.dataclass
class Sample:
    """What one measurement has found."""
    value: float                # in the unit of the case
    p99: float = None           # with latencies, in the same unit
    cpu_us_per_job: float = None  # of all processes, client included
    peak_mib: float = None      # of the system without its client
    more: dict = dataclasses.field(default_factory=dict)  # what else there is to know, by its name


def run_program(arguments, group, pass_standard_error=None):
    """What a program prints; it must end well."""
    arguments = processes.DIES_WITH_US + group.pinned() + [str(argument) for argument in arguments]
    try:
        done = subprocess.run(arguments, cwd=group.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=LOAD_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired as error:
        raise Failed("%s: not done in %d s" % (arguments[0], LOAD_SECONDS_MAX)) from error
    if done.returncode != 0:
        raise Failed("%s: %s %s" % (" ".join(arguments), done.stderr.decode()[-500:].strip(), group.logs()))
    return done


def outcome_of(arguments, group):
    return json.loads(run_program(arguments, group).stdout)


def work_arguments(context, setup):
    arguments = ["--work", setup.work]
    return arguments + ["--steps", context.steps] if setup.work == "burn" else arguments


def load(context, row, group, port):
    """The client over whatever protocol the system has."""
    return outcome_of(
        [context.program("bench_load"), "--protocol", row.protocol or systems.SYSTEMS[row.system].protocol,
         "--port", port, "--method", systems.method(row.setup), *work_arguments(context, row.setup), *row.load],
        group)


def rate_of(outcome):
    return outcome["jobs"] / outcome["seconds"]


VALUES = {
    "rate": rate_of,
    "p50": lambda outcome: outcome["p50_us"],
    "seconds": lambda outcome: outcome["seconds"],
}


def sample_of(outcome, cpu_seconds, peak_kib=None, value="rate"):
    return Sample(VALUES[value](outcome), outcome["p99_us"] if value == "p50" else None,
                  cpu_seconds / outcome["all_jobs"] * 1e6, peak_kib / 1024 if peak_kib else None)


def measure_server(context, row):
    """A system with a port, and a client process."""
    with processes.Group(row.cpus) as group:
        port = systems.start(row.system, group, context, row.setup)
        before = group.cpu_seconds()
        outcome = load(context, row, group, port)
        group.check()
        used = group.cpu_seconds() - before + outcome["cpu_seconds"]
        return sample_of(outcome, used, group.peak_kib(), row.value)


def measure_queued(context, row):
    """A queue that stays full: the workers are halted until the daemon has all the jobs, and then every job
    that is answered is followed by another."""
    queued, seconds = row.load
    with processes.Group(row.cpus) as group:
        port = systems.start(row.system, group, context, row.setup)
        with socket.create_connection(("127.0.0.1", port)) as control:
            group.wait_for(lambda: len(ready_workers(control)) == row.setup.workers, "all workers")
            workers = ready_workers(control)
            for pid in workers:
                os.kill(pid, signal.SIGSTOP)
            client = group.start([context.program("bench_load"), "--protocol", "offload", "--port", port, "--window",
                                  queued, "--warm-up", 0, "--warm-up-jobs", 1000, "--seconds", seconds])
            group.wait_for(lambda: jobs_there(control) == queued, "queueing %d jobs" % queued)
        before = group.cpu_seconds() - processes.cpu_seconds(client.pid)
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
        outcome = group.outcome_of(client, LOAD_SECONDS_MAX)
        used = group.cpu_seconds() - before + outcome["cpu_seconds"]
        return sample_of(outcome, used, group.peak_kib())


def status(control):
    control.sendall(b'{"jsonrpc":"2.0","id":1,"method":"server.status"}\n')
    with control.makefile("rb") as lines:
        return json.loads(lines.readline())["result"]


def ready_workers(control):
    return [worker["pid"] for worker in status(control)["pools"][0]["workers"] if worker["state"] == "ready"]


def jobs_there(control):
    jobs = status(control)["jobs"]
    return jobs["queued"] + jobs["running"]


CROSSOVER_SIZES = [0.25 * 2 ** step for step in range(15)]  # microseconds
CROSSOVER_TRIES = 3  # of each size, each beside a run inline; the median counts


def measure_crossover(context, row):
    """The size of a job from which on two workers do more than running it inline, on one core."""
    seconds, window = row.load

    def gain(steps):
        with processes.Group(row.cpus) as group:
            port = systems.start(row.system, group, context, row.setup)
            inline = outcome_of([context.program("bench_bare"), "burn", 1, steps, seconds], group)
            outcome = outcome_of([
                context.program("bench_load"), "--protocol", systems.SYSTEMS[row.system].protocol, "--port", port,
                "--method", "burn", "--work", "burn", "--steps", steps, "--window", window, "--warm-up", seconds / 4,
                "--seconds", seconds], group)
            return rate_of(outcome) / rate_of(inline)

    return Sample(first_size(context, gain))


def measure_crossover_python(context, row):
    """The same in Python, where running it inline means a call of a function."""
    seconds, window = row.load

    def rate(group, mode, steps):
        return rate_of(outcome_of([
            context.python, context.script("python_direct.py"), mode, "--plugin", context.plugin(), "--work", "burn",
            "--steps", steps, "--window", window, "--warm-up", seconds / 4, "--seconds", seconds], group))

    def gain(steps):
        with processes.Group(row.cpus) as group:
            return rate(group, "window", steps) / rate(group, "inline", steps)

    return Sample(first_size(context, gain))


def first_size(context, gain):
    """The first of the sizes that pays, taking it that those behind it pay too."""
    low, high = 0, len(CROSSOVER_SIZES) - 1
    while low < high:
        middle = (low + high) // 2
        steps = max(1, round(CROSSOVER_SIZES[middle] * context.steps / 1000))
        if statistics.median(gain(steps) for _ in range(CROSSOVER_TRIES)) > 1:
            high = middle
        else:
            low = middle + 1
    return CROSSOVER_SIZES[low]


def measure_python(context, row):
    """Python alone: the load is the system."""
    with processes.Group(row.cpus) as group:
        outcome = outcome_of([context.python, context.script("python_direct.py"), *row.load[:1], "--plugin",
                              context.plugin(), *work_arguments(context, row.setup), *row.load[1:]], group)
        return sample_of(outcome, outcome["cpu_seconds"], outcome["peak_kib"], row.value)


def measure_bare(context, row):
    with processes.Group(row.cpus) as group:
        outcome = outcome_of([context.program("bench_bare"), "burn", row.setup.workers, context.steps, *row.load],
                             group)
        return sample_of(outcome, outcome["cpu_seconds"])


def timed_program(group, arguments):
    """A program that runs all the commands itself: what it printed, how long it took, what it has used."""
    before, begin = _children_cpu(), time.monotonic()
    done = run_program(arguments, group)
    seconds = time.monotonic() - begin
    return done, {"jobs": 1, "seconds": seconds, "all_jobs": 1, "cpu_seconds": _children_cpu() - before}


def _children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure_spawn(context, row):
    with processes.Group() as group:
        outcome = outcome_of([context.program("bench_spawn"), *row.load, row.setup.workers, "/bin/true"], group)
        return sample_of(outcome, outcome["cpu_seconds"])


def numbers_file(group, count):
    with open(group.path("numbers"), "w", encoding="ascii") as file:
        file.write("".join("%d\n" % number for number in range(count)))
    return group.path("numbers")


def measure_xargs(_context, row):
    """Every run is told by -t on standard error; a failed one by the exit status."""
    count = row.load[0]
    with processes.Group() as group:
        done, outcome = timed_program(
            group, ["xargs", "-P", row.setup.workers, "-n", 1, "-t", "-a", numbers_file(group, count), "/bin/true"])
        told = sorted(done.stderr.decode().split("\n"))
        if told != sorted(["/bin/true %d" % number for number in range(count)] + [""]):
            raise Failed("xargs has not run everything")
        outcome["jobs"] = outcome["all_jobs"] = count
        return sample_of(outcome, outcome["cpu_seconds"])


def measure_parallel(_context, row):
    """Every run is in the log of the jobs, with its exit status."""
    count = row.load[0]
    with processes.Group() as group:
        log = group.path("jobs")
        _done, outcome = timed_program(group, ["parallel", "--will-cite", "-j", row.setup.workers, "--joblog", log,
                                               "-a", numbers_file(group, count), "/bin/true"])
        with open(log, encoding="ascii") as file:
            rows = [line.split("\t") for line in file.read().splitlines()[1:]]
        if sorted(int(fields[8].split()[1]) for fields in rows) != list(range(count)) or \
                any(fields[6:8] != ["0", "0"] for fields in rows):
            raise Failed("parallel has not run everything well")
        outcome["jobs"] = outcome["all_jobs"] = count
        return sample_of(outcome, outcome["cpu_seconds"])


def measure_idle(context, row):
    """Memory of the server for each of many idle connections, and what CPU it uses while nobody asks it for
    anything. Each connection is asked something before and after."""
    count, seconds = row.load
    with processes.Group(row.cpus) as group:
        port = systems.start(row.system, group, context, row.setup)
        server = group.processes[0].pid
        rest = processes.status_kib(server, "VmRSS")
        client = group.start([context.program("bench_idle"), systems.SYSTEMS[row.system].protocol, port, count],
                             wait_ready=True, stdin=subprocess.PIPE)
        time.sleep(IDLE_SETTLE_SECONDS)
        full, before = processes.status_kib(server, "VmRSS"), processes.cpu_seconds(server)
        time.sleep(seconds)
        used = processes.cpu_seconds(server) - before
        processes.say_and_expect(client, b"\n", b"good\n", LOAD_SECONDS_MAX)
        return Sample((full - rest) * 1024 / count, peak_mib=full / 1024, more={
            "MiB at rest": rest / 1024, "CPU us/s with idle connections": used / seconds * 1e6})


def cold_client(context, row, group, port):
    return group.start([context.program("bench_load"), "--protocol", systems.SYSTEMS[row.system].protocol, "--port",
                        port, "--method", systems.method(row.setup), "--jobs", 1, "--wait", 10])


def measure_cold(context, row):
    """From the start of the first process to the answer to the first job. The client is there before, and tries
    to connect; where a job for which there is no worker yet would be lost, it comes after the workers."""
    with processes.Group(row.cpus) as group:
        row.setup.port = processes.free_port()
        client = None if row.load else cold_client(context, row, group, row.setup.port)
        if client:
            time.sleep(0.05)  # it is not to be counted how it starts
        begin = time.monotonic()
        port = systems.start(row.system, group, context, row.setup)
        client = client or cold_client(context, row, group, port)
        return Sample((group.outcome_of(client, LOAD_SECONDS_MAX)["answered_at"] - begin) * 1e3)


def measure_cold_python(context, row):
    with processes.Group(row.cpus) as group:
        begin = time.monotonic()
        outcome = outcome_of([context.python, context.script("python_direct.py"), "cold", "--plugin",
                              context.plugin()], group)
        return Sample((outcome["answered_at"] - begin) * 1e3)
