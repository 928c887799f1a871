"""Reads what callgrind leaves: the instructions of each function itself, without those that it calls. The format
is in valgrind's manual, "Callgrind Format Specification"."""
import collections
import os
import re

NAMED = re.compile(r"\((\d+)\)(?: (.*))?")


def read_all(folder):
    """{program: {function: instructions}} of all processes in that folder, by the program's name."""
    programs = collections.defaultdict(collections.Counter)
    for name in os.listdir(folder):
        if name.startswith("callgrind."):
            program, costs = read(os.path.join(folder, name))
            programs[program].update(costs)
    return programs


def read(path):
    program, costs, names = "", collections.Counter(), {"ob": {}, "fn": {}}
    library = function = ""
    skip = False
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("cmd:"):
                program = os.path.basename(line.split()[1])
            elif line.startswith(("ob=", "cob=")):
                name = _name(names["ob"], line)
                library = name if line[0] == "o" else library
            elif line.startswith(("fn=", "cfn=")):
                name = _name(names["fn"], line)
                function = name if line[0] == "f" else function
            elif line.startswith("calls="):
                skip = True  # the next line has what the called function has used
            elif line[0] in "0123456789+-*":
                if not skip:
                    costs[_label(function, library, program)] += int(line.split()[1])
                skip = False
    return program, costs


def _name(known, line):
    """Names are written once, with a number, and then as that number."""
    match = NAMED.match(line.partition("=")[2].rstrip("\n"))
    if match.group(2):
        known[match.group(1)] = match.group(2)
    return known[match.group(1)]


def _label(function, library, program):
    function = function.split("'")[0]  # 'N: the depth of a recursion
    library = os.path.basename(library)
    return function if library in ("", program) else "%s (%s)" % (function, library)
