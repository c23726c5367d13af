"""A separate Docker daemon for one test, which may restart it.

It runs in its own network and mount namespaces, so that its bridges, rules and mounts do not affect
the machine. A command that needs its containers runs with the prefix `inside`. It has the same
runtime as the daemon of the machine.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import docker

PATIENCE = 60.0


class Dockerd:
    """A daemon that can be started and stopped repeatedly; close it after use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"unix://{folder}/docker.sock"
        self._holder: subprocess.Popen[bytes] | None = None
        self._daemon: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables of a Docker client of this daemon."""
        return {**os.environ, "DOCKER_HOST": self.url}

    @property
    def inside(self) -> list[str]:
        """Prefix of a command that runs in the daemon's network."""
        assert self._holder is not None
        return ["nsenter", "--target", str(self._holder.pid), "--net"]

    def start(self) -> None:
        """Start the daemon and wait until it responds."""
        if self._holder is None:
            self._holder = subprocess.Popen(
                [
                    "unshare",
                    "--net",
                    "--mount",
                    "sh",
                    "-c",
                    "ip link set lo up; echo; exec sleep inf",
                ],
                stdout=subprocess.PIPE,
            )
            assert self._holder.stdout is not None
            self._holder.stdout.readline()
        self._run()
        self._until_answers()

    def _run(self) -> None:
        command = [*self.inside, "--mount", "dockerd", *self._options(), *_runtime()]
        with (self._folder / "dockerd.log").open("ab") as log:
            self._daemon = subprocess.Popen(command, stdout=log, stderr=log)

    def _options(self) -> list[str]:
        folder = self._folder
        places = {"data-root": "data", "exec-root": "run", "pidfile": "docker.pid"}
        return [
            f"--host={self.url}",
            *(f"--{option}={folder / name}" for option, name in places.items()),
        ]

    def _until_answers(self) -> None:
        deadline = time.monotonic() + PATIENCE
        asked = ["docker", "version"]
        while subprocess.run(asked, env=self.environment, capture_output=True).returncode:
            assert time.monotonic() < deadline, self.log()
            if self._daemon is None or self._daemon.poll() is not None:
                self._run()  # as whatever supervises a daemon does
            time.sleep(0.1)

    def end(self) -> None:
        """Stop the daemon and its containers, as an update of Docker does."""
        if self._daemon is not None:
            self._daemon.terminate()
            self._daemon.wait(PATIENCE)
            self._daemon = None

    def crash(self) -> None:
        """Kill the daemon; its containers keep running unsupervised."""
        assert self._daemon is not None
        self._daemon.kill()
        self._daemon.wait(PATIENCE)
        self._daemon = None

    def close(self) -> None:
        """Stop the daemon and everything that it started."""
        self.end()
        if self._holder is not None:
            self._holder.kill()
            self._holder.communicate()

    def log(self) -> str:
        """Return the last lines of its log."""
        return (self._folder / "dockerd.log").read_text()[-4000:]


def _runtime() -> list[str]:
    """Return the default runtime of the machine's daemon, if it is a custom one."""
    client = docker.APIClient(version="auto")
    info = client.info()
    client.close()
    name = info["DefaultRuntime"]
    if name == "runc":
        return []
    path = info["Runtimes"][name]["path"]
    return [f"--add-runtime={name}={path}", f"--default-runtime={name}"]
