"""The systems that are compared: how each is started, and with which settings. The reasons stand in
tests/bench/README.md. It must not know cases."""
import dataclasses
import os
import shutil
from typing import Callable

from .processes import Failed, free_port


@dataclasses.dataclass
class Context:
    """What is the same for the whole run."""
    build: str
    python: str = "python3"
    steps: int = 0  # of a burn of a millisecond

    def program(self, name):
        return os.path.join(self.build, "tests/bench", name)

    def script(self, name):
        return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "workers", name)

    def plugin(self):
        return self.program("bench_plugin.so")


@dataclasses.dataclass
class Setup:
    """What a case wants of a system."""
    work: str = "echo"
    workers: int = 2
    hurry: bool = False      # few jobs in flight: send each answer at once
    depth: int = 256         # of the relay
    connections: int = 100
    settings: tuple = ()     # of offloadd
    port: int = 0            # that must be taken; 0: any


def method(setup):
    return {"echo": "echo", "burn": "burn", "sleep": "sleep", "command": "true"}[setup.work]


def worker_work(setup):
    return "burn" if setup.work == "burn" else "echo"


OFFLOAD_POOLS = {
    "echo": "builtin = yes",
    "sleep": "builtin = yes",
    "burn": "plugin = %(plugin)s\nmethods = burn",
    "command": "command = /bin/true\nmethods = true",
}


def start_offload(group, context, setup):
    ready, configuration = group.path("ready"), group.path("offloadd.conf")
    with open(configuration, "w", encoding="utf-8") as file:
        file.write("[pool work]\n%s\nprocesses = %d\n" % (
            OFFLOAD_POOLS[setup.work] % {"plugin": context.plugin()}, setup.workers))
    arguments = [os.path.join(context.build, "server/offloadd"), "--config", configuration,
                 "--listen", "tcp:127.0.0.1:%d" % setup.port, "--ready-file", ready]
    for setting in setup.settings:
        arguments += ["--set", setting]
    group.start(arguments)
    group.wait_for(lambda: os.path.exists(ready), "offloadd")
    with open(ready, encoding="utf-8") as file:
        return int(file.readline().rpartition(":")[2])


def start_relay(group, context, setup):
    port = setup.port or free_port()
    group.start([context.program("bench_relay"), port, setup.workers, setup.depth, worker_work(setup)],
                wait_ready=True)
    return port


def start_redis(group, context, setup, count=1):
    port = setup.port or free_port()
    group.start(["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                 "--dir", group.folder, "--maxclients", setup.connections + 100])
    group.wait_for_port(port)
    for _ in range(setup.workers):
        group.start([context.program("bench_worker_redis"), port, count, worker_work(setup)], wait_ready=True)
    return port


def start_redis_32(group, context, setup):
    return start_redis(group, context, setup, 32)


def start_gearmand(group, context, setup, threads=()):
    port = setup.port or free_port()
    group.start(["gearmand", "--listen", "127.0.0.1", "--port", port, "--log-file", "none", "--file-descriptors",
                 setup.connections + 100, *threads])
    group.wait_for_port(port)
    for _ in range(setup.workers):
        group.start([context.program("bench_worker_gearman"), port, method(setup), worker_work(setup)],
                    wait_ready=True)
    return port


def start_gearmand_t0(group, context, setup):
    return start_gearmand(group, context, setup, ("--threads", "0"))


def start_nats(group, context, setup):
    port = setup.port or free_port()
    group.start(["nats-server", "--addr", "127.0.0.1", "--port", port])
    group.wait_for_port(port)
    for _ in range(setup.workers):
        group.start([context.program("bench_worker_nats"), port, method(setup),
                     "asap" if setup.hurry else "buffered", worker_work(setup)], wait_ready=True)
    return port


def start_beanstalkd(group, context, setup):
    port = setup.port or free_port()
    group.start(["beanstalkd", "-l", "127.0.0.1", "-p", port, "-z", 1 << 20])
    group.wait_for_port(port)
    for _ in range(setup.workers):
        group.start([context.program("bench_worker_beanstalkd"), port, worker_work(setup)], wait_ready=True)
    return port


def start_python_server(group, context, setup):
    port = setup.port or free_port()
    group.start([context.python, context.script("python_server.py"), port, setup.workers, context.plugin()],
                wait_ready=True)
    return port


@dataclasses.dataclass
class System:
    """One way to have jobs done elsewhere."""
    start: Callable = None
    protocol: str = ""
    needs: tuple = ()     # programs on PATH
    builds: tuple = ()    # of the build folder
    packages: str = ""    # Debian's
    about: str = ""

    def missing(self, context):
        """Why it cannot take part, or None."""
        absent = [name for name in self.needs if shutil.which(name) is None]
        absent += [name for name in self.builds if not os.path.exists(context.program(name))]
        if not absent:
            return None
        return "%s: not there; apt-get install %s%s" % (
            ", ".join(absent), self.packages, ", then cmake and build again" if self.builds else "")


SYSTEMS = {
    "offload": System(start_offload, "offload", about="offloadd, two workers"),
    "relay": System(start_relay, "relay", builds=("bench_relay",), about="the ceiling: lines relayed unparsed"),
    "redis": System(start_redis, "redis", ("redis-server",), ("bench_worker_redis",),
                    "redis-server libhiredis-dev", "lists, workers take one job at a time"),
    "redis by 32": System(start_redis_32, "redis", ("redis-server",), ("bench_worker_redis",),
                          "redis-server libhiredis-dev", "lists, workers take up to 32 at a time"),
    "redis in bulk": System(start_redis_32, "redis-many", ("redis-server",), ("bench_worker_redis",),
                            "redis-server libhiredis-dev", "the same, and one RPUSH has many jobs"),
    "gearmand": System(start_gearmand, "gearman", ("gearmand",), ("bench_worker_gearman",),
                       "gearman-job-server libgearman-dev", "four threads, its default"),
    "gearmand -t 0": System(start_gearmand_t0, "gearman", ("gearmand",), ("bench_worker_gearman",),
                            "gearman-job-server libgearman-dev", "one thread"),
    "nats": System(start_nats, "nats", ("nats-server",), ("bench_worker_nats",),
                   "nats-server libnats-dev", "request and reply, a queue group; at most once"),
    "beanstalkd": System(start_beanstalkd, "beanstalkd", ("beanstalkd",), ("bench_worker_beanstalkd",),
                         "beanstalkd", "a tube for jobs, one for answers"),
    "python server": System(start_python_server, "offload",
                            about="asyncio, JSON lines, ProcessPoolExecutor"),
    "python": System(about="asyncio and ProcessPoolExecutor in the client itself"),
    "bare": System(builds=("bench_bare",), about="the same loops, nobody to talk to"),
    "xargs": System(needs=("xargs",), packages="findutils", about="xargs -P 2 -n 1"),
    "parallel": System(needs=("parallel",), packages="parallel", about="GNU parallel -j 2"),
    "posix_spawn": System(builds=("bench_spawn",), about="the ceiling: a loop around posix_spawn"),
}


def start(name, group, context, setup):
    """Starts it and says on which port of 127.0.0.1."""
    system = SYSTEMS[name]
    if system.start is None:
        raise Failed("%s is no server" % name)
    return system.start(group, context, setup)
