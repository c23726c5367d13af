"""The loop: deploy at the start, then again what was saved, and tell how it went."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from plat_core.errors import BuildFailed, PlatError
from plat_core.model.refs import FunctionRef

from plat_cli import deployment
from plat_cli.client import Client, function_path, namespaced
from plat_cli.command import explanation
from plat_cli.commands.deploy import curl
from plat_cli.commands.logs import show
from plat_cli.dev.syntax import find_syntax_error
from plat_cli.errors import RequestRejected, Unreachable
from plat_cli.output import Output
from plat_cli.source import SourceUpload, load
from plat_cli.spec import SpecOverrides

READY_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class DevFunction:
    """A function under `plat dev`; `debug` is the port its debugger is to listen on, or 0."""

    folder: Path
    ref: FunctionRef
    debug: int = 0


class BuildLog:
    """A reporter for builds whose log nobody reads unless they fail."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, text: str) -> None:
        """Keep the end of the log."""
        self.lines = [*self.lines[-49:], text]

    def update(self, text: str) -> None:
        """Progress is not shown: a save is answered at once."""


class DevSession:
    """Deploys functions one after the other, and keeps the gateway told of what is broken."""

    def __init__(self, out: Output, client: Client) -> None:
        self._out = out
        self._client = client
        self._noticed: set[FunctionRef] = set()

    def deploy(self, served: DevFunction, files: list[Path] | None = None) -> bool:
        """Deploy one function; returns whether its newest source answers.

        `files` are those that were saved: a syntax error in them is told before anything is built.
        """
        started = time.monotonic()
        if fault := find_syntax_error(files or [], served.folder):
            self._broken(served, f"{fault}\n{fault.excerpt}".strip())
            return False
        reporter = BuildLog()
        try:
            function = self._deployed(served, reporter)
        except PlatError as error:
            log = reporter.lines[-20:] if isinstance(error, BuildFailed) else []
            guilty = [error.line] if isinstance(error, BuildFailed) and error.line else []
            self._broken(served, "\n".join([*log, explanation(error), *guilty]))
            return False
        self._mended(served, function, time.monotonic() - started)
        return True

    def follow(self, served: DevFunction, stop: threading.Event) -> None:
        """Print what the function writes until `stop`; made for a thread of its own."""
        client = Client(self._client.url, self._client.token, timeout=60)
        query = {"follow": "true", "tail": "0", **namespaced(served.ref)}
        path = f"{function_path(served.ref)}/logs"
        while not stop.is_set():
            try:
                for record in client.events("GET", path, query=query, timeout=86_400):
                    if stop.is_set():
                        return
                    show(self._out, record, served.ref.name)
            except (Unreachable, RequestRejected) as error:
                if self._out.verbose and not stop.is_set():
                    self._out.note(f"{served.ref.name}: its log is away: {error.message}")
            stop.wait(0.5)

    def _deployed(self, served: DevFunction, reporter: BuildLog) -> deployment.Document:
        source = replace(load(served.folder), name=served.ref.name)
        overrides = _overrides(source, served)
        built = deployment.build(self._client, served.ref, source, overrides, reporter)
        put = deployment.put(self._client, served.ref, source, overrides, built)
        generation = int(put.function["metadata"].get("generation") or 0)
        return deployment.wait(
            self._client, served.ref, generation, timeout=READY_TIMEOUT, on_progress=reporter.update
        )

    def _broken(self, served: DevFunction, text: str) -> None:
        out = self._out
        out.error(f"{served.ref.name}: {text}")
        out.note("  the old code keeps answering until it is mended")
        out.document({"function": served.ref.name, "ready": False, "error": text})
        self._noticed.add(served.ref)
        self._notify(served.ref, text)

    def _mended(self, served: DevFunction, function: deployment.Document, seconds: float) -> None:
        status = deployment.status_of(function)
        url = status.get("url") or f"{self._client.url}/function/{served.ref.segment}"
        out = self._out
        mark = out.style("✓", "green")
        took = out.style(f"{seconds:.2f} s", "dim")
        out.note(f"{mark} {served.ref.name:<16} {status.get('revision') or ''}  {took}")
        if out.verbose:
            out.note(f"    {curl(url, function['spec'].get('access', 'token'))}")
        out.document({"function": served.ref.name, "ready": True, "url": url, "seconds": seconds})
        if served.ref in self._noticed:
            self._noticed.discard(served.ref)
            self._notify(served.ref, "")

    def _notify(self, ref: FunctionRef, text: str) -> None:
        """Let the gateway show the error in its answers, where it can."""
        path = f"{function_path(ref)}/notice"
        try:
            self._client.call("PUT", path, query=namespaced(ref), document={"text": text[:4000]})
        except PlatError as error:
            if self._out.verbose:
                self._out.note(f"  its answers do not show it: {error.message}")


def dev_functions(
    folders: list[Path], namespace: str, *, debug_port: int | None
) -> Iterator[DevFunction]:
    """The functions of some folders by their names, each with its debugger's port."""
    from plat_cli.source import manifest_of, name_after

    for index, folder in enumerate(folders):
        name = manifest_of(folder).get("name") or name_after(folder.absolute().name)
        debug = debug_port + index if debug_port else 0
        yield DevFunction(folder.absolute(), FunctionRef(name, namespace), debug)


def _overrides(source: SourceUpload, served: DevFunction) -> SpecOverrides:
    access = None if "access" in source.settings else "public"
    if not served.debug:
        return SpecOverrides(access=access)
    # one replica that never sleeps, and time enough to look at a breakpoint
    return SpecOverrides(
        access=access, timeout="3600s", scale_min=1, scale_max=1, debug=served.debug
    )
