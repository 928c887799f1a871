#!/usr/bin/env python3
"""A worker in Python: password hashing with scrypt, which is slow on purpose and so must not run in
an event loop or a web handler.

    [pool passwords]
    program = /usr/share/doc/offload/examples/scrypt.py
    methods = hash verify
    processes = auto

    $ offload call hash password='correct horse'
    "scrypt$16384$8$1$...$..."
    $ offload call verify password='correct horse' hash='scrypt$16384$8$1$...$...'
    true
"""
import base64
import hashlib
import hmac
import json
import os
import sys

N, R, P = 16384, 8, 1  # 16 MiB and some 50 ms for each hash


class BadParams(Exception):
    pass


def derive(password, salt, n, r, p):
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, n=n, r=r, p=p)


def text(params, name):
    value = params.get(name) if isinstance(params, dict) else None
    if not isinstance(value, str):
        raise BadParams(f"{name} must be a string")
    return value


def make_hash(params):
    password = text(params, "password")
    salt = os.urandom(16)
    key = derive(password, salt, N, R, P)
    return "scrypt${}${}${}${}${}".format(
        N, R, P, base64.b64encode(salt).decode(), base64.b64encode(key).decode())


def verify(params):
    password, stored = text(params, "password"), text(params, "hash")
    try:
        kind, n, r, p, salt, key = stored.split("$")
        salt, key = base64.b64decode(salt, validate=True), base64.b64decode(key, validate=True)
        # The hash may come from anywhere: its own costs must not eat the machine.
        if (kind, int(n), int(r), int(p)) != ("scrypt", N, R, P):
            raise ValueError
    except ValueError:
        raise BadParams("hash is none of this worker's") from None
    return hmac.compare_digest(derive(password, salt, N, R, P), key)


METHODS = {"hash": make_hash, "verify": verify}


def error(code, message, **more):
    return {"error": {"code": code, "message": message, **more}}


def answer(request):
    method = METHODS.get(request["method"])
    if method is None:
        return error(-32601, "Method not found")
    try:
        return {"result": method(request.get("params"))}
    except BadParams as problem:
        return error(-32602, "Invalid params", data={"reason": str(problem)})


for line in sys.stdin.buffer:  # bytes: JSON is UTF-8 whatever the locale says
    if not line.strip():
        continue
    request = json.loads(line)
    if "id" not in request:
        continue  # a notification is never answered
    response = {"jsonrpc": "2.0", "id": request["id"], **answer(request)}
    print(json.dumps(response), flush=True)
