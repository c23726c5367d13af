"""A handler, served by threads, whose behaviour the request selects."""

import os
import sys
import threading
import time

lock = threading.Lock()
running = 0
most = 0


def handler(request):
    """Count concurrent calls and dispatch by path."""
    global running, most
    with lock:
        running += 1
        most = max(most, running)
    try:
        return WAYS.get(request.path, who)(request)
    finally:
        with lock:
            running -= 1


def who(request):
    """Return the replica that responds."""
    return {
        "replica": os.environ["PLAT_REPLICA"],
        "revision": os.environ["PLAT_REVISION"],
        "pid": os.getpid(),
        "most": most,
        "body": len(request.body),
    }


def sleep(request):
    """Sleep for `s` seconds."""
    time.sleep(float(request.query["s"]))
    return who(request)


def surroundings(request):
    """Return the environment of the replica."""
    with open("/tmp/plat-acceptance", "w") as file:
        file.write("x")
    os.unlink("/tmp/plat-acceptance")
    return {
        "environment": dict(os.environ),
        "stdin": sys.stdin.read(),
        "headers": dict(request.headers),
        "method": request.method,
        "path": request.path,
        "query": request.query_string,
    }


def say(request):
    """Print `n` lines."""
    for number in range(int(request.query["n"])):
        print(f"{request.query['word']} {number}")
    return "said"


def flood(request):
    """Print `mb` MiB."""
    for _ in range(int(request.query["mb"])):
        sys.stdout.write(("x" * 1023 + "\n") * 1024)
    return "flooded"


def eat(request):
    """Hold `mb` MiB of memory."""
    held = bytearray(int(request.query["mb"]) * 1024 * 1024)
    held[::4096] = b"x" * len(held[::4096])
    return str(len(held))


def fail(request):
    """Raise an error."""
    raise ValueError("boom")


WAYS = {
    "/sleep": sleep,
    "/surroundings": surroundings,
    "/say": say,
    "/flood": flood,
    "/eat": eat,
    "/fail": fail,
}
