"""The console: the built files of `platform-ui` under `/ui`, with a strict security policy.

The console holds the platform's token, so its pages may run no foreign code: scripts come from this
origin, and inline styles carry the nonce of the response. The console is a single-page application:
a path without a file returns the page.
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
"""Folder of the files that `make ui` builds."""

NONCE = "__NONCE__"
"""Placeholder that Vite writes into the page for the nonce of a response."""

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
_IMMUTABLE = "public, max-age=31536000, immutable"
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>plat</title>
<h1>The console is not built</h1>
<p>In the repository, run</p><pre>make ui</pre><p>and reload this page. No restart is needed. If
Node.js is missing, it is installed from PyPI.</p></html>
"""


class Console:
    """ASGI application for a folder of built files, which may be missing or change."""

    def __init__(self, folder: Path) -> None:
        self._page = folder / "index.html"
        self._files = StaticFiles(directory=folder, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        await (await self._response(scope))(scope, receive, send)

    async def _response(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return Response(status_code=405, headers={"Allow": "GET, HEAD"})
        path = self._files.get_path(scope)
        if PurePosixPath(path).suffix in ("", ".html"):
            return self._index()
        response = await self._files.get_response(path, scope)
        hashed = path.startswith("assets/")
        response.headers["Cache-Control"] = _IMMUTABLE if hashed else "no-cache"
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
    """Redirect a browser to the console; respond 404 to a program that requests `/`."""
    if request.scope["path"] == "/" and "text/html" not in request.headers.get("accept", ""):
        raise HTTPException(404)
    return RedirectResponse("/ui/", 307)
