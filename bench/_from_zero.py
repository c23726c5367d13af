"""Runs inside a gateway's pod, by its interpreter alone: how long from nothing to the first answer.

    python - NAMESPACE ROUNDS PATH < bench/_from_zero.py

Prints one JSON line: the seconds of each round, for the Deployment `bare` that is scaled by hand
and called at its pod's address as soon as anything answers there, and for the function `hello`
through the gateway. Both are watched from the same place, in turn, and begin at any time: the
kubelet looks for what became of its containers once a second, and tells of a pod's address then.
"""

import http.client
import json
import os
import random
import ssl
import sys
import time
from pathlib import Path

NAMESPACE, ROUNDS = sys.argv[1], int(sys.argv[2])
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
SCALE = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/bare/scale"


def api(method: str, path: str, body: object = None) -> http.client.HTTPResponse:
    tls = ssl.create_default_context(cafile=f"{ACCOUNT}/ca.crt")
    server = http.client.HTTPSConnection("kubernetes.default.svc", context=tls, timeout=60)
    token = Path(f"{ACCOUNT}/token").read_text(encoding="ascii")
    headers = {"Authorization": f"Bearer {token}"}
    headers["Content-Type"] = "application/merge-patch+json"
    server.request(method, path, json.dumps(body) if body else None, headers)
    answer = server.getresponse()
    if answer.status >= 400:
        raise RuntimeError(answer.read())
    return answer


def call(host: str, port: int, path: str, body: object = None) -> int:
    server = http.client.HTTPConnection(host, port, timeout=60)
    headers = {"Authorization": f"Bearer {os.environ['AUTH_TOKEN']}"}
    headers["Content-Type"] = "application/json"
    try:
        server.request("POST" if body else "GET", path, json.dumps(body) if body else None, headers)
        answer = server.getresponse()
        answer.read()
        return answer.status
    finally:
        server.close()


def gone(label: str) -> str:
    """Wait until there is no such pod; returns the version from which to watch."""
    while True:
        found = json.load(api("GET", f"{PODS}?labelSelector={label}"))
        if not found["items"]:
            return str(found["metadata"]["resourceVersion"])
        time.sleep(0.2)


def bare() -> float:
    api("PATCH", SCALE, {"spec": {"replicas": 0}})
    version = gone("app=bare")
    time.sleep(random.random())
    watch = api("GET", f"{PODS}?labelSelector=app=bare&watch=1&resourceVersion={version}")
    began = time.perf_counter()
    api("PATCH", SCALE, {"spec": {"replicas": 1}})
    address = ""
    while not address:
        address = json.loads(watch.readline())["object"]["status"].get("podIP", "")
    while True:
        try:
            if call(address, 8080, "/") == 200:
                return time.perf_counter() - began
        except OSError:
            time.sleep(0.005)


def through() -> float:
    path = f"/functions/hello/scale?namespace={NAMESPACE}"
    if call("127.0.0.1", 8080, path, {"replicas": 0}) != 200:
        raise RuntimeError("it does not go to sleep")
    gone("plat.dev/function=hello")
    time.sleep(random.random())
    began = time.perf_counter()
    status = call("127.0.0.1", 8080, f"/function/hello.{NAMESPACE}/")
    if status != 200:
        raise RuntimeError(status)
    return time.perf_counter() - began


rounds = [(bare(), through()) for _ in range(ROUNDS)]
print(json.dumps({"bare": [b for b, _ in rounds], "through": [t for _, t in rounds]}))
