"""What the tests call: it tells about itself, takes its time, or ends itself."""

import os
import pathlib
import time


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
        os._exit(3)
    print("called", request.path)
    return f"{os.environ['PLAT_REVISION']} {request.path}"


def other(request):
    return "other"
