"""An ASGI application whose behaviour the request selects."""

import asyncio
import json
import os
from urllib.parse import parse_qs


async def app(scope, receive, send):
    """Serve HTTP and WebSocket."""
    if scope["type"] == "websocket":
        await echo(receive, send)
    elif scope["type"] == "http":
        query = {
            name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()
        }
        await (events if scope["path"] == "/events" else who)(query, receive, send)


async def who(query, receive, send):
    """Return the replica and the body length after `s` seconds."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await asyncio.sleep(float(query.get("s", 0)))
    body = {
        "replica": os.environ["PLAT_REPLICA"],
        "revision": os.environ["PLAT_REVISION"],
        "body": size,
    }
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def events(query, receive, send):
    """Send `n` events, one every tenth of a second."""
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for number in range(int(query["n"])):
        data = b"data: %d\n\n" % number
        await send({"type": "http.response.body", "body": data, "more_body": True})
        await asyncio.sleep(0.1)
    await send({"type": "http.response.body", "body": b""})


async def echo(receive, send):
    """Send each message back."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})
