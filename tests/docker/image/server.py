"""A replica that follows the runtime contract; MODE and the request path select its behaviour."""

import json
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODE = os.environ.get("MODE", "")
state = {"ready": MODE != "never-ready", "health": True}


class Handler(BaseHTTPRequestHandler):
    # a persistent connection would occupy a thread and block the shutdown
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path == "/_/ready":
            return self.answer(200 if state["ready"] else 503, "")
        if path == "/_/health":
            return self.answer(200, "")
        if path == "/env":
            return self.answer(200, json.dumps(dict(os.environ)))
        if path == "/read":
            return self.answer(200, Path(query).read_text())
        if path == "/write":
            return self.attempt(lambda: Path(query).write_text("x"))
        if path == "/connect":
            host, port = query.rsplit(":", 1)
            return self.attempt(lambda: socket.create_connection((host, int(port)), 3).close())
        if path == "/resolve":
            return self.attempt(lambda: socket.gethostbyname(query))
        if path == "/unready":
            state["ready"] = False
            return self.answer(200, "")
        if path == "/print":
            print(f"[call {self.headers['X-Call-Id']}] {query}")
            print("to stderr", file=sys.stderr)
            return self.answer(200, "")
        if path == "/sleep":
            time.sleep(float(query))
            return self.answer(200, "slept")
        if path == "/eat":
            hog = bytearray(int(query))
            hog[::4096] = b"x" * len(hog[::4096])
            return self.answer(200, str(len(hog)))
        if path == "/exit":
            os._exit(int(query))
        return self.answer(200, f"{os.environ['PLAT_REPLICA']} {os.getuid()}")

    def attempt(self, act) -> None:
        try:
            act()
        except OSError as error:
            return self.answer(200, f"{type(error).__name__}: {error}")
        return self.answer(200, "done")

    def answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        return


def main() -> None:
    print("starting", flush=True)
    if MODE == "crash":
        sys.exit(3)
    if MODE == "fault":
        print("Traceback: line 1", file=sys.stderr)
        print("plat: HandlerImportError: No module named 'orders_db'", file=sys.stderr)
        sys.exit(1)
    server = ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler)
    server.daemon_threads = False
    stop = threading.Thread(target=server.shutdown)
    signal.signal(signal.SIGTERM, lambda *_: stop.start())
    server.serve_forever(poll_interval=0.05)
    server.server_close()
    print("stopped", flush=True)


main()
