#!/usr/bin/env python3
"""Python alone: asyncio and a ProcessPoolExecutor in one program, with no server in between. Checks every
answer, and prints what it measured as a line of JSON, as bench_load does.

    python_direct.py window|gather|map|sleep|cold|inline [OPTION...]
"""
import argparse
import asyncio
import json
import os
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import python_work


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["window", "gather", "map", "sleep", "cold", "inline"])
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--window", type=int, default=1)
    parser.add_argument("--chunk", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--warm-up", type=float, default=0.1)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--work", default="echo")
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--steps", type=int, default=0)
    return parser.parse_args()


class Jobs:
    """What goes in, and what must come out."""

    def __init__(self, options):
        python_work.load(options.plugin)
        self.function = python_work.burn if options.work == "burn" else python_work.echo
        self.burn, self.steps, self.size = options.work == "burn", options.steps, options.size
        self.padding = python_work.padding(options.size)
        self.results = [python_work.burn([seed, options.steps])[1] for seed in range(python_work.SEEDS)
                        ] if self.burn else []

    def params(self, number):
        if self.burn:
            return [number, self.steps]
        if self.size:
            return [(str(number) + self.padding)[:self.size]]
        return [number]

    def check(self, number, answer):
        right = [number, self.results[number % len(self.results)]] if self.burn else self.params(number)
        if answer != right:
            sys.exit("a wrong answer to job %d: %.200r" % (number, answer))


class Clock:
    """Warms up, then counts."""

    def __init__(self, options):
        now = time.monotonic()
        self.begin, self.end = now + options.warm_up, now + options.warm_up + options.seconds
        self.next, self.counted, self.answered, self.latencies = 0, 0, 0, []

    def number(self):
        self.next += 1
        return self.next - 1

    def answer(self, sent, count=1):
        now = time.monotonic()
        self.answered += count
        if self.begin <= now <= self.end:
            self.counted += count
            self.latencies.append(now - sent)

    def outcome(self, timed):
        self.latencies.sort()
        result = {"jobs": self.counted, "seconds": self.end - self.begin, "all_jobs": self.answered}
        if timed and self.latencies:
            result["p50_us"] = self.latencies[len(self.latencies) // 2] * 1e6
            result["p99_us"] = self.latencies[int(len(self.latencies) * 0.99)] * 1e6
        return result


async def lane(pool, jobs, clock):
    loop = asyncio.get_running_loop()
    while time.monotonic() < clock.end:
        number, sent = clock.number(), time.monotonic()
        jobs.check(number, await loop.run_in_executor(pool, jobs.function, jobs.params(number)))
        clock.answer(sent)


async def window(pool, jobs, options):
    clock = Clock(options)
    await asyncio.gather(*[lane(pool, jobs, clock) for _ in range(options.window)])
    return clock.outcome(options.window == 1)


async def gather(pool, jobs, options):
    loop, clock = asyncio.get_running_loop(), Clock(options)
    while time.monotonic() < clock.end:
        sent, numbers = time.monotonic(), [clock.number() for _ in range(options.window)]
        answers = await asyncio.gather(
            *[loop.run_in_executor(pool, jobs.function, jobs.params(number)) for number in numbers])
        for number, answer in zip(numbers, answers):
            jobs.check(number, answer)
        clock.answer(sent, options.window)
    return clock.outcome(False)


def inline(jobs, options):
    """Without any other process."""
    clock = Clock(options)
    while time.monotonic() < clock.end:
        number, sent = clock.number(), time.monotonic()
        jobs.check(number, jobs.function(jobs.params(number)))
        clock.answer(sent)
    return clock.outcome(False)


def map_all(pool, jobs, options):
    items = [jobs.params(number) for number in range(options.jobs)]
    begin = time.monotonic()
    answers = list(pool.map(jobs.function, items, chunksize=options.chunk))
    took = time.monotonic() - begin
    if len(answers) != options.jobs:
        sys.exit("%d answers to %d jobs" % (len(answers), options.jobs))
    for number, answer in enumerate(answers):
        jobs.check(number, answer)
    return {"jobs": options.jobs, "seconds": took, "all_jobs": options.jobs}


async def sleep(_pool, _jobs, options):
    begin = time.monotonic()
    answers = await asyncio.gather(*[asyncio.sleep(1, number) for number in range(options.jobs)])
    took = time.monotonic() - begin
    if answers != list(range(options.jobs)):
        sys.exit("wrong answers")
    return {"jobs": options.jobs, "seconds": took, "all_jobs": options.jobs}


def peak_kib(pids):
    total = 0
    for pid in pids:
        with open("/proc/%d/status" % pid, encoding="ascii") as file:
            total += next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    return total


def cpu_seconds(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def main():
    options = parse()
    jobs = Jobs(options)
    with ProcessPoolExecutor(options.workers, initializer=python_work.begin) as pool:
        for future in [pool.submit(python_work.nothing) for _ in range(options.workers)]:
            future.result()
        if options.mode == "cold":
            jobs.check(0, pool.submit(jobs.function, jobs.params(0)).result())
            outcome = {"jobs": 1, "answered_at": time.monotonic()}
        elif options.mode == "inline":
            outcome = inline(jobs, options)
        elif options.mode == "map":
            outcome = map_all(pool, jobs, options)
        else:
            outcome = asyncio.run(globals()[options.mode](pool, jobs, options))
        outcome["peak_kib"] = peak_kib([os.getpid(), *pool._processes])
    outcome["cpu_seconds"] = cpu_seconds(resource.RUSAGE_SELF) + cpu_seconds(resource.RUSAGE_CHILDREN)
    print(json.dumps(outcome))


main()
