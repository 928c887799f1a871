"""The work of the benchmark for the Python systems: the same texts, and the same loop in C, out of the plug-in."""
import ctypes
import json
import os
import signal

SEEDS = 16
PR_SET_PDEATHSIG = 1
_burn = None


def load(plugin):
    global _burn
    _burn = ctypes.CDLL(os.path.abspath(plugin)).work_burn
    _burn.restype = ctypes.c_uint64
    _burn.argtypes = [ctypes.c_uint64, ctypes.c_uint64]


def echo(params):
    return params


def burn(params):
    number, steps = params
    return [number, _burn(number, steps)]


def begin():
    """In each process of a pool: it ends with its parent, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def nothing():
    """For a pool that has to start all its processes before the clock runs."""


def padding(size):
    text = "The quick brown fox jumps over the lazy dog. "
    return (text * (size // len(text) + 1))[:size]


def dumps(value):
    return json.dumps(value, separators=(",", ":"))
