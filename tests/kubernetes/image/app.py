"""Function of the tests: reports its replica, sleeps, or exits."""

import os
import pathlib
import signal
import socket
import time

if os.environ.get("MODE") == "crash":
    raise RuntimeError("crash requested")
if os.environ.get("MODE") == "never":
    time.sleep(3600)
if os.environ.get("MODE") == "greedy":
    kept = [bytearray(b"x" * 16 * 1024 * 1024) for _ in range(64)]


def handler(request):
    if request.path == "/env":
        return {name: os.environ.get(name, "") for name in request.query_string.split("&")}
    if request.path == "/secret":
        files = pathlib.Path(os.environ["PLAT_SECRETS_DIR"]).glob("*/*")
        return {path.name: path.read_text() for path in files if path.is_file()}
    if request.path == "/slow":
        time.sleep(float(request.query["seconds"]))
        return "slept"
    if request.path == "/exit":
        if os.getppid() == 1:
            # the server would restart an exited worker unnoticed
            os.kill(1, signal.SIGQUIT)
        os._exit(3)
    if request.path == "/reach":
        try:
            with socket.create_connection((request.query["host"], 8080), timeout=3):
                return "reached"
        except OSError:
            return "kept away"
    print("called", request.path)
    return f"{os.environ['PLAT_REVISION']} {request.path}"


def other(request):
    return "other"
