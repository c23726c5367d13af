"""A Docker daemon of a test's own, which may be restarted: no other one is touched.

It runs in a network and a mount namespace of its own, so that its bridges, its rules and its mounts
are not the machine's. Whoever wants to reach its containers enters that network: `inside` is the
beginning of such a command. It has the runtime that the machine's own daemon has.
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
    """The daemon; `start` and `end` as often as one likes, `close` at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"unix://{folder}/docker.sock"
        self._holder: subprocess.Popen[bytes] | None = None
        self._daemon: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """What a Docker client needs to speak to it."""
        return {**os.environ, "DOCKER_HOST": self.url}

    @property
    def inside(self) -> list[str]:
        """A command that follows runs in the daemon's network."""
        assert self._holder is not None
        return ["nsenter", "--target", str(self._holder.pid), "--net"]

    def start(self) -> None:
        """Start it, and wait until it answers."""
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
        """End it, and with it its containers, as an update of Docker does."""
        if self._daemon is not None:
            self._daemon.terminate()
            self._daemon.wait(PATIENCE)
            self._daemon = None

    def crash(self) -> None:
        """SIGKILL it: its containers run on, and nobody looks after them."""
        assert self._daemon is not None
        self._daemon.kill()
        self._daemon.wait(PATIENCE)
        self._daemon = None

    def close(self) -> None:
        """End it with all that it started."""
        self.end()
        if self._holder is not None:
            self._holder.kill()
            self._holder.communicate()

    def log(self) -> str:
        """The end of what it wrote."""
        return (self._folder / "dockerd.log").read_text()[-4000:]


def _runtime() -> list[str]:
    """The default runtime of the machine's daemon, where that is one of its own."""
    client = docker.APIClient(version="auto")
    info = client.info()
    client.close()
    name = info["DefaultRuntime"]
    if name == "runc":
        return []
    path = info["Runtimes"][name]["path"]
    return [f"--add-runtime={name}={path}", f"--default-runtime={name}"]
