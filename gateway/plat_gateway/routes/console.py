"""The console: the built files of `platform-ui` under `/ui`, with a strict policy of what may run.

The console keeps the platform's token, so nothing else may run in its pages: scripts and styles
come from here or carry the nonce of this one answer. It is one page with paths of its own; a path
that is no file is the page.
"""

from __future__ import annotations

import secrets
from pathlib import Path, PurePosixPath

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

CONSOLE = "/ui"
"""Path of the console. Its files are public; the API requests that it makes need a token."""
FILES = Path(__file__).resolve().parent.parent / "console"
"""Where `make ui` puts the built files."""

NONCE = "__NONCE__"
"""What Vite writes into the page where the nonce of an answer belongs."""

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'nonce-{nonce}'",
        "img-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_FOR_EVER = "public, max-age=31536000, immutable"
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>plat</title>
<h1>The console is not built</h1>
<p>In the repository, type</p><pre>make ui</pre><p>then load this page again. It needs no restart,
and where Node.js is missing it is fetched from PyPI.</p></html>
"""


class Console:
    """An ASGI application over a folder of built files, which may be missing or change."""

    def __init__(self, folder: Path) -> None:
        self._page = folder / "index.html"
        self._files = StaticFiles(directory=folder, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await (await self._response(scope))(scope, receive, send)

    async def _response(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return Response(status_code=405, headers={"Allow": "GET, HEAD"})
        path = self._files.get_path(scope)
        if PurePosixPath(path).suffix in ("", ".html"):
            return self._index()
        response = await self._files.get_response(path, scope)
        hashed = path.startswith("assets/")
        response.headers["Cache-Control"] = _FOR_EVER if hashed else "no-cache"
        return response

    def _index(self) -> Response:
        nonce = secrets.token_urlsafe(16)
        headers = {
            "Content-Security-Policy": _POLICY.format(nonce=nonce),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Cache-Control": "no-store",
        }
        try:
            page = self._page.read_text(encoding="utf-8")
        except FileNotFoundError:
            return HTMLResponse(_NOT_BUILT, 503, headers)
        return HTMLResponse(page.replace(NONCE, nonce), headers=headers)


async def to_console(request: Request) -> Response:
    """A browser at the bare address wants the console; a program gets the problem that it is."""
    if request.scope["path"] == "/" and "text/html" not in request.headers.get("accept", ""):
        raise HTTPException(404)
    return RedirectResponse("/ui/", 307)
