"""Two ways to talk while a call lasts, in ASGI: server-sent events and a WebSocket."""

import asyncio
import json
import time

from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

MAX_TICKS = 1000


async def ticks(request):
    """GET /ticks?count=5&every=0.5: events, each with its seconds since the start."""
    try:
        count = int(request.query_params.get("count", "5"))
        every = float(request.query_params.get("every", "1"))
    except ValueError as error:
        return JSONResponse({"error": str(error)}, status_code=400)
    if not (1 <= count <= MAX_TICKS and 0 <= every <= 60):
        error = f"count is from 1 to {MAX_TICKS}, every from 0 to 60 seconds"
        return JSONResponse({"error": error}, status_code=400)
    return StreamingResponse(events(count, every), media_type="text/event-stream")


async def events(count, every):
    """The stream itself: written as it happens, and ended when the caller leaves."""
    start = time.monotonic()
    for number in range(1, count + 1):
        data = {"tick": number, "of": count, "after": round(time.monotonic() - start, 3)}
        yield f"event: tick\ndata: {json.dumps(data)}\n\n"
        if number < count:
            await asyncio.sleep(every)


async def shout(socket):
    """WebSocket /shout: every message comes back in capitals."""
    await socket.accept()
    async for message in socket.iter_text():
        await socket.send_text(message.upper())


app = Starlette(routes=[Route("/ticks", ticks), WebSocketRoute("/shout", shout)])
