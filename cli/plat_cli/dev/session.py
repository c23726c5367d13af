"""Deploys functions when their files change, and reports the results."""

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
    """A function of `plat dev`. `debug` is the port of its debugger, or 0."""

    folder: Path
    ref: FunctionRef
    debug: int = 0


class BuildLog:
    """Keeps the last lines of a build log, to print them if the build fails."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, text: str) -> None:
        """Store a line; the last 50 are kept."""
        self.lines = [*self.lines[-49:], text]

    def update(self, text: str) -> None:
        """Ignore the progress."""


class DevSession:
    """Deploys functions and reports errors to the terminal and the gateway."""

    def __init__(self, out: Output, client: Client) -> None:
        self._out = out
        self._client = client
        self._failing: set[FunctionRef] = set()

    def deploy(self, served: DevFunction, files: list[Path] | None = None) -> bool:
        """Deploy a function and return whether it is ready.

        `files` were saved. A syntax error in one of them is reported without a build.
        """
        started = time.monotonic()
        if issue := find_syntax_error(files or [], served.folder):
            self._report_error(served, f"{issue}\n{issue.excerpt}".strip())
            return False
        reporter = BuildLog()
        try:
            function = self._build_and_wait(served, reporter)
        except PlatError as error:
            log = reporter.lines[-20:] if isinstance(error, BuildFailed) else []
            error_line = [error.line] if isinstance(error, BuildFailed) and error.line else []
            self._report_error(served, "\n".join([*log, explanation(error), *error_line]))
            return False
        self._report_success(served, function, time.monotonic() - started)
        return True

    def follow(self, served: DevFunction, stop: threading.Event) -> None:
        """Print the log of a function until `stop` is set. Runs in a thread."""
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
                    self._out.note(f"{served.ref.name}: log not available: {error.message}")
            stop.wait(0.5)

    def _build_and_wait(self, served: DevFunction, reporter: BuildLog) -> deployment.Document:
        source = replace(load(served.folder), name=served.ref.name)
        overrides = _overrides(source, served)
        built = deployment.build(self._client, served.ref, source, overrides, reporter)
        put = deployment.put(self._client, served.ref, source, overrides, built)
        generation = int(put.function["metadata"].get("generation") or 0)
        return deployment.wait(
            self._client, served.ref, generation, timeout=READY_TIMEOUT, on_progress=reporter.update
        )

    def _report_error(self, served: DevFunction, text: str) -> None:
        out = self._out
        out.error(f"{served.ref.name}: {text}")
        out.note("  the previous code keeps serving")
        out.document({"function": served.ref.name, "ready": False, "error": text})
        self._failing.add(served.ref)
        self._notify(served.ref, text)

    def _report_success(
        self, served: DevFunction, function: deployment.Document, seconds: float
    ) -> None:
        status = deployment.status_of(function)
        url = status.get("url") or f"{self._client.url}/function/{served.ref.segment}"
        out = self._out
        mark = out.style("✓", "green")
        took = out.style(f"{seconds:.2f} s", "dim")
        out.note(f"{mark} {served.ref.name:<16} {status.get('revision') or ''}  {took}")
        if out.verbose:
            out.note(f"    {curl(url, function['spec'].get('access', 'token'))}")
        out.document({"function": served.ref.name, "ready": True, "url": url, "seconds": seconds})
        if served.ref in self._failing:
            self._failing.discard(served.ref)
            self._notify(served.ref, "")

    def _notify(self, ref: FunctionRef, text: str) -> None:
        """Send the error to the gateway, which shows it in responses."""
        path = f"{function_path(ref)}/notice"
        try:
            self._client.call("PUT", path, query=namespaced(ref), document={"text": text[:4000]})
        except PlatError as error:
            if self._out.verbose:
                self._out.note(f"  the responses do not show the error: {error.message}")


def dev_functions(
    folders: list[Path], namespace: str, *, debug_port: int | None
) -> Iterator[DevFunction]:
    """Yield the functions of folders with their names and debug ports."""
    from plat_cli.source import manifest_of, name_after

    for index, folder in enumerate(folders):
        name = manifest_of(folder).get("name") or name_after(folder.absolute().name)
        debug = debug_port + index if debug_port else 0
        yield DevFunction(folder.absolute(), FunctionRef(name, namespace), debug)


def _overrides(source: SourceUpload, served: DevFunction) -> SpecOverrides:
    access = None if "access" in source.settings else "public"
    if not served.debug:
        return SpecOverrides(access=access)
    # One replica that stays running, and a timeout that allows for breakpoints.
    return SpecOverrides(
        access=access, timeout="3600s", scale_min=1, scale_max=1, debug=served.debug
    )
