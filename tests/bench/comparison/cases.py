"""The cases: what is measured, on which systems, with which load. It must not know how."""
import dataclasses
from typing import Callable

from . import measure
from .systems import Setup

IN_FLIGHT = 4000   # pipelined
BATCH = 1000
MAP_ITEMS = 100000
SLEEPS = 10000
COMMANDS = 1000
CONNECTIONS = 10000
QUEUED = 1000000
PAYLOAD = 65536

# What offloadd's limits have to allow in a case; see offloadd.conf(5).
IN_FLIGHT_SETTINGS = ("server.in-flight-max=%d" % max(IN_FLIGHT, SLEEPS),)
QUEUED_SETTINGS = ("server.in-flight-max=%d" % QUEUED, "server.queue-max=%d" % (2 * QUEUED),
                   "server.queue-memory-max=8G", "server.output-max=1G")
CONNECTIONS_SETTINGS = ("server.sessions-max=%d" % (CONNECTIONS + 100),)

ONE_BY_ONE = ["offload", "relay", "redis", "gearmand", "gearmand -t 0", "nats", "beanstalkd", "python server"]
SERVERS = ["offload", "relay", "redis", "redis by 32", "redis in bulk", "gearmand", "gearmand -t 0", "nats",
           "beanstalkd", "python server"]
REAL_SERVERS = [name for name in ONE_BY_ONE if name != "relay"]


@dataclasses.dataclass
class Row:
    """One system in a case."""
    system: str
    label: str = ""
    load: list = dataclasses.field(default_factory=list)
    setup: Setup = dataclasses.field(default_factory=Setup)
    protocol: str = ""        # if it is not the system's usual one
    cpus: list = None         # to pin everything to
    value: str = "rate"       # or p50 (in us), or seconds
    measure: Callable = measure.measure_server

    def name(self):
        return self.label or self.system


@dataclasses.dataclass
class Case:
    """What is compared side by side."""
    name: str
    about: str
    unit: str
    rows: Callable            # of (seconds, cpus): the list of rows; the first is ours
    more_is_better: bool = True
    rounds_max: int = 1000    # what hardly differs from round to round, or takes long
    share_of: str = ""        # values are shares of this row's in the same round


def timed(seconds):
    return ["--warm-up", max(0.05, seconds / 5), "--seconds", seconds]


def python(mode, arguments, **more):
    return Row("python", load=[mode, *arguments], measure=measure.measure_python, **more)


def sync(cpus_of):
    def rows(seconds, cpus):
        setup = Setup(hurry=True)
        common = {"setup": setup, "value": "p50", "cpus": cpus_of(cpus)}
        return [Row(name, load=timed(seconds), **common) for name in ONE_BY_ONE] + [
            python("window", timed(seconds), **common)]
    return rows


def pipelined(seconds, _cpus):
    load = ["--window", IN_FLIGHT, *timed(seconds)]
    return [Row(name, load=load, setup=Setup(settings=IN_FLIGHT_SETTINGS)) for name in SERVERS] + [
        python("window", ["--window", 1000, *timed(seconds)])]  # with more it gets slower


def many_connections(seconds, _cpus):
    load = ["--lanes", 64, *timed(seconds)]
    return [Row(name, load=load, setup=Setup(hurry=True)) for name in ONE_BY_ONE] + [
        python("window", ["--window", 64, *timed(seconds)])]


def cpu_1ms(seconds, _cpus):
    load = ["--window", 64, *timed(max(seconds, 0.5))]
    return [Row(name, load=load, setup=Setup("burn", hurry=True, depth=2))
            for name in SERVERS if name != "redis in bulk"] + [
        python("window", load, setup=Setup("burn")),
        Row("bare", load=[max(seconds, 0.5)], setup=Setup("burn"), measure=measure.measure_bare)]


def payload(seconds, _cpus):
    load = ["--window", 16, "--size", PAYLOAD, *timed(seconds)]
    return [Row(name, load=load) for name in SERVERS if name != "redis in bulk"] + [python("window", load)]


def gather(seconds, _cpus):
    load = ["--window", BATCH, "--batch", *timed(seconds)]
    return [Row("offload", "offload batch", load, protocol="offload-batch"),
            Row("offload", "offload job.gather", load, protocol="offload-gather")] + [
        Row(name, load=load) for name in SERVERS if name != "offload"] + [
        python("gather", ["--window", BATCH, *timed(seconds)])]


def map_at_once(_seconds, _cpus):
    load = ["--window", MAP_ITEMS, "--batch", "--jobs", MAP_ITEMS]
    return [Row("offload", "offload job.map", load, Setup(settings=IN_FLIGHT_SETTINGS), "offload-map"),
            Row("relay", load=load)] + [
        python("map", ["--jobs", MAP_ITEMS, "--chunk", chunk], label="python Executor.map, chunksize=%d" % chunk)
        for chunk in (100, 1)]


def commands(_seconds, _cpus):
    return [Row("offload", load=["--jobs", COMMANDS, "--window", COMMANDS], setup=Setup("command"))] + [
        Row(name, load=[COMMANDS], measure=function) for name, function in (
            ("posix_spawn", measure.measure_spawn), ("xargs", measure.measure_xargs),
            ("parallel", measure.measure_parallel))]


def sleep(_seconds, _cpus):
    load = ["--jobs", SLEEPS, "--window", SLEEPS]
    return [Row(name, load=load, value="seconds", setup=Setup("sleep", settings=IN_FLIGHT_SETTINGS))
            for name in ("offload", "python server")] + [
        python("sleep", ["--jobs", SLEEPS], value="seconds")]


def idle(seconds, _cpus):
    return [Row(name, load=[CONNECTIONS, 2 * seconds], measure=measure.measure_idle,
                setup=Setup(connections=CONNECTIONS, settings=CONNECTIONS_SETTINGS)) for name in REAL_SERVERS]


def cold(_seconds, _cpus):
    return [Row(name, load=["after the workers"] if name == "nats" else [], setup=Setup(hurry=True),
                measure=measure.measure_cold) for name in ONE_BY_ONE] + [
        Row("python", measure=measure.measure_cold_python)]


def scaling(seconds, _cpus):
    def row(label, queued, workers):
        return Row("offload", label, [queued, seconds], Setup(workers=workers, settings=QUEUED_SETTINGS),
                   measure=measure.measure_queued)
    return [row("offload, 1 k queued", 1000, 2), row("offload, 1 M queued", QUEUED, 2),
            row("offload, 1 k queued, 16 workers", 1000, 16)]


def crossover(seconds, _cpus):
    load = [max(0.05, seconds / 5), 1000]
    return [Row(name, load=load, setup=Setup("burn"), measure=measure.measure_crossover)
            for name in ("offload", "relay", "redis in bulk", "gearmand -t 0", "nats", "beanstalkd",
                         "python server")] + [
        Row("python", load=[max(0.1, seconds / 5), 64], measure=measure.measure_crossover_python)]


CASES = [
    Case("sync", "one in flight, all processes on any CPU", "us (p50)", sync(lambda cpus: None), False),
    Case("sync-1cpu", "one in flight, everything pinned to one CPU", "us (p50)", sync(lambda cpus: cpus[:1]), False),
    Case("pipelined", "%d in flight on one connection" % IN_FLIGHT, "jobs/s", pipelined),
    Case("64conn", "64 connections, one in flight each", "jobs/s", many_connections),
    Case("cpu-1ms", "jobs that take a core a millisecond, 64 in flight", "of ideal", cpu_1ms, share_of="bare"),
    Case("payload-64k", "strings of 64 KiB echoed, 16 in flight", "jobs/s", payload),
    Case("gather", "%d at once, again and again" % BATCH, "jobs/s", gather),
    Case("map", "%d tiny items at once" % MAP_ITEMS, "items/s", map_at_once),
    Case("sleep", "%d waits of a second at once" % SLEEPS, "s", sleep, False, rounds_max=3),
    Case("commands", "%d runs of /bin/true, two at a time" % COMMANDS, "runs/s", commands, rounds_max=3),
    Case("idle", "%d idle connections" % CONNECTIONS, "bytes each", idle, False, rounds_max=2),
    Case("cold", "from the start to the first answer", "ms", cold, False),
    Case("scaling", "jobs that wait, and workers", "jobs/s", scaling),
    Case("crossover", "the smallest job that two workers do faster than one core inline", "us of work", crossover,
         False, rounds_max=2),
]
