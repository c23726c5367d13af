"""Functions of the tests, such as one that responds with given bytes."""

from __future__ import annotations

WIRE = '''
"""A raw ASGI application whose path selects the response."""

import asyncio
import gc
import gzip
import json
import os

PIECE = b"x" * 65536
SEEN = {"posts": 0, "left": 0}


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    name = scope["path"].strip("/").split("/")[0] or "echo"
    await globals()[f"do_{name}"](scope, receive, send)


async def body(receive):
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


async def answer(send, content, status=200, headers=()):
    fields = [(k.encode(), v.encode()) for k, v in headers]
    if content and "content-length" not in dict(headers):
        fields.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": content})


async def do_echo(scope, receive, send):
    content = await body(receive)
    told = {
        "method": scope["method"],
        "path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "headers": [[k.decode("latin-1"), v.decode("latin-1")] for k, v in scope["headers"]],
        "body": content.decode("latin-1"),
    }
    await answer(send, json.dumps(told).encode(), headers=[("content-type", "application/json")])


async def do_seen(scope, receive, send):
    await answer(send, json.dumps(SEEN).encode())


async def do_status(scope, receive, send):
    await body(receive)
    status = int(scope["path"].rsplit("/", 1)[1])
    await answer(send, b"" if status in (204, 304) else b"said", status, [("etag", '"a"')])


async def do_gzip(scope, receive, send):
    content = gzip.compress(b"hello" * 100, mtime=0)
    fields = [("content-encoding", "gzip"), ("content-length", str(len(content)))]
    await answer(send, b"" if scope["method"] == "HEAD" else content, headers=fields)


async def do_cookies(scope, receive, send):
    fields = [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("connection", "x-a"), ("x-a", "1")]
    await answer(send, b"ok", headers=[*fields, ("keep-alive", "timeout=9"), ("x-b", "2")])


async def do_up(scope, receive, send):
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await answer(send, str(size).encode())


async def do_down(scope, receive, send):
    pieces = int(scope["query_string"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(pieces):
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def do_sse(scope, receive, send):
    fields = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})

    async def tell():
        while True:
            await send({"type": "http.response.body", "body": b"data: 1\\n\\n", "more_body": True})
            await asyncio.sleep(0.05)

    task = asyncio.create_task(tell())
    while (await receive())["type"] != "http.disconnect":
        continue
    task.cancel()
    SEEN["left"] += 1


async def do_hang(scope, receive, send):
    SEEN["posts"] += scope["method"] == "POST"
    await asyncio.sleep(3600)


async def do_stall(scope, receive, send):
    fields = [(b"content-length", b"10")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    await asyncio.sleep(3600)


async def do_die(scope, receive, send):
    SEEN["posts"] += 1
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    await asyncio.sleep(0.3)
    os._exit(9)


async def do_diefirst(scope, receive, send):
    with open(os.environ["HOME"] + "/posts", "a") as file:
        file.write("x")
    print("post taken", flush=True)
    await asyncio.sleep(0.3)
    os._exit(9)


async def do_garbage(scope, receive, send):
    for found in gc.get_objects():
        transport = getattr(found, "transport", None)
        if type(found).__name__.endswith("Protocol") and hasattr(transport, "write"):
            transport.write(b"\\x16\\x03garbage no http\\r\\n\\r\\n")
    await asyncio.sleep(1)
'''
