"""Server that responds after 300 ms with its name and its highest number of parallel calls."""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

lock = threading.Lock()
now = peak = 0


def work():
    global now, peak
    with lock:
        now += 1
        peak = max(peak, now)
    time.sleep(0.3)
    with lock:
        now -= 1
    return {"replica": os.environ["PLAT_REPLICA"], "peak": peak}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        answer = {} if self.path.startswith("/_/") else work()
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
server.serve_forever()
