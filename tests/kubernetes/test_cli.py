"""The command line against a cluster with two gateways."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .functions import Functions
from .installation import TOKEN, Gateway, path
from .process import until

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(300)]

PLAT = Path(sys.executable).with_name("plat")


def environment(gateway: Gateway) -> dict[str, str]:
    return {**os.environ, "API_URL": gateway.url, "AUTH_TOKEN": TOKEN, "NO_COLOR": "1"}


def test_manages_functions_of_a_cluster(functions: Functions, gateway: Gateway) -> None:
    def plat(*arguments: str, text: str | None = None) -> str:
        done = subprocess.run(
            [PLAT, *arguments, "--namespace", functions.namespace],
            env=environment(gateway),
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    plat("secret", "set", "db", "url=postgres://db")
    assert "db" in plat("secret", "list")
    functions.apply("hello", secrets=["db"])
    functions.wait("hello")
    assert "hello" in plat("list")
    assert json.loads(plat("describe", "hello", "--json"))["status"]["revision"] == "hello-1"
    assert json.loads(gateway.ask(path(functions, "/secret"))[1]) == {"url": "postgres://db"}
    with subprocess.Popen(
        [PLAT, "logs", "-f", "hello", "--namespace", functions.namespace],
        env=environment(gateway),
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        gateway.ask(path(functions, "/marked"))
        while "called /marked" not in following.stdout.readline():
            pass
        following.terminate()
    plat("scale", "hello", "2")
    until(lambda: functions.status("hello")["readyReplicas"] == 2, what="two replicas")
    plat("stop", "hello")
    functions.until_reason("hello", "Suspended")
    plat("start", "hello")
    functions.wait("hello")
    assert gateway.ask(path(functions))[0] == 200
    plat("delete", "hello", "--yes")
    functions.kubectl("wait", "--for=delete", "fn/hello", "--timeout=60s")
    assert gateway.ask(path(functions))[0] == 404
    plat("secret", "delete", "db")


def test_a_new_function_can_be_called_through_every_gateway(
    functions: Functions, gateway: Gateway
) -> None:
    """A connection may reach any gateway, so each must find the new function."""
    spec = {"image": functions.image, "timeout": "60s", "access": "token"}
    for number in range(5):
        name = f"hello-{number}"
        at = f"/functions/{name}?namespace={functions.namespace}"
        assert gateway.ask(at, data=json.dumps({"spec": spec}).encode(), method="PUT")[0] == 201
        seen = [gateway.ask(at)[0] for _ in range(4)]
        seen += [gateway.ask(path(functions, "/", name))[0] for _ in range(2)]
        assert seen == [200] * 6
