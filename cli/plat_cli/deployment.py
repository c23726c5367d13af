"""The steps of a deploy: build, store the spec, wait. Used by `plat deploy` and `plat dev`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from plat_core.backoff import backoff_delay
from plat_core.errors import BuildFailed, PlatError
from plat_core.model.refs import FunctionRef

from plat_cli.client import Client, function_path, namespaced
from plat_cli.errors import NotReady, ReceivedProblem, RequestRejected
from plat_cli.source import SourceUpload
from plat_cli.spec import SpecOverrides, changes, merge

BUILD_TIMEOUT = 900.0
FIRST_POLL, SLOWEST_POLL = 0.01, 0.25
LONG_POLL = "2s"
"""How long the platform holds a request until the function changes."""

Document = dict[str, Any]


class ProgressReporter(Protocol):
    """Receives the output of a build and the current step."""

    def log(self, text: str) -> None:
        """Receive a line of the build log."""

    def update(self, text: str) -> None:
        """Receive the current step."""


@dataclass(frozen=True, slots=True)
class SpecUpdate:
    """A stored function, and its previous version (empty for a new function)."""

    function: Document
    before: Document
    unchanged: bool
    changes: list[str]

    @property
    def serving(self) -> str:
        """Revision that served before."""
        return str(status_of(self.before).get("revision") or "")


def build(
    builder: Client,
    ref: FunctionRef,
    source: SourceUpload,
    overrides: SpecOverrides,
    reporter: ProgressReporter,
) -> Document:
    """Build a source and return the `finished` event. Raises BuildFailed with the line."""
    query = {"name": ref.name}
    debug = "true" if overrides.debug else None
    options = {"runtime": overrides.runtime, "handler": overrides.handler, "debug": debug}
    query |= {key: value for key, value in options.items() if value}
    events = builder.events(
        "POST",
        "/build",
        query=query,
        body=source.body,
        headers={"Content-Type": source.media_type},
        timeout=BUILD_TIMEOUT,
    )
    last: Document = {}
    for event in events:
        last = event
        if event.get("type") == "log":
            reporter.log(str(event.get("text", "")))
        elif event.get("type") == "step":
            reporter.update(str(event.get("name", "")))
    if last.get("type") == "failed":
        raise _build_failed(last)
    if last.get("type") != "finished":
        raise BuildFailed("the build ended without a result", fix="plat status")
    return last


def stored(client: Client, ref: FunctionRef) -> Document:
    """Return the stored function, empty if there is none."""
    try:
        found: Document = client.call("GET", function_path(ref), query=namespaced(ref))
    except RequestRejected as error:
        if error.problem.code == "function-not-found":
            return {}
        raise
    return found


def put(
    client: Client,
    ref: FunctionRef,
    source: SourceUpload,
    overrides: SpecOverrides,
    built: Document,
) -> SpecUpdate:
    """Store the new spec. Raises RequestRejected if it is invalid."""
    before = stored(client, ref)
    spec = merge(source.settings, overrides, built, before.get("spec", {}))
    return _put(client, ref, {"spec": spec}, before)


def apply(client: Client, ref: FunctionRef, document: Document) -> SpecUpdate:
    """Store a `Function` manifest. Raises RequestRejected if it is invalid."""
    sent = {key: value for key, value in document.items() if key != "status"}
    return _put(client, ref, sent, stored(client, ref))


def _put(client: Client, ref: FunctionRef, document: Document, before: Document) -> SpecUpdate:
    function, headers = client.exchange(
        "PUT", function_path(ref), query=namespaced(ref), document=document
    )
    unchanged = headers.get("x-plat-unchanged") == "true"
    changed = changes(before.get("spec", {}), document["spec"]) if before else []
    return SpecUpdate(function, before, unchanged, changed)


def wait(
    client: Client,
    ref: FunctionRef,
    generation: int,
    *,
    timeout: float,
    on_progress: Callable[[str], None],
) -> Document:
    """Wait until a generation is ready. Raises NotReady on a failure or timeout."""
    deadline, polls = time.monotonic() + timeout, 1
    query = namespaced(ref)
    while True:
        requested_at = time.monotonic()
        function = client.call("GET", function_path(ref), query=query)
        ready = condition(function, "Ready")
        if observed(function) >= generation:
            if ready.get("status") == "True":
                return dict(function)
            if condition(function, "Progressing").get("status") == "False":
                raise _not_ready(function, ready)
        on_progress(str(ready.get("reason", "")))
        if time.monotonic() >= deadline:
            raise _timed_out(function, ready, timeout)
        if version := function["metadata"].get("resourceVersion"):
            query = {**namespaced(ref), "wait": LONG_POLL, "resourceVersion": version}
        delay = backoff_delay(polls, initial=FIRST_POLL, maximum=SLOWEST_POLL)
        if time.monotonic() - requested_at < delay:
            time.sleep(delay)
            polls += 1


def status_of(function: Document) -> Document:
    """Return the status of a function, empty if nothing was observed yet."""
    return function.get("status") or {}


def observed(function: Document) -> int:
    """Return the observed generation."""
    return int(status_of(function).get("observedGeneration") or 0)


def condition(function: Document, type_: str) -> Document:
    """Return a condition by type, empty if it is missing."""
    conditions = status_of(function).get("conditions") or []
    return next((c for c in conditions if c.get("type") == type_), {})


def is_ready(function: Document) -> bool:
    """Return whether the Ready condition is true."""
    return condition(function, "Ready").get("status") == "True"


def _build_failed(event: Document) -> PlatError:
    code = str(event.get("code") or BuildFailed.code)
    if code != BuildFailed.code:
        message = str(event.get("message", "the build was rejected"))
        fix = str(event.get("fix") or "correct the error, then: plat deploy")
        return RequestRejected(ReceivedProblem(code, 422, message, fix))
    return BuildFailed(
        str(event.get("message", "the build failed")),
        fix=str(event.get("fix", "")),
        line=str(event.get("line", "")),
    )


def _not_ready(function: Document, ready: Document) -> NotReady:
    reason = str(ready.get("reason", "Unknown"))
    message = f"{reason}: {ready.get('message', '')}".rstrip(": ")
    return NotReady(message, reason=reason, fix=_hint_fixes(function))


def _hint_fixes(function: Document) -> str:
    hints = [hint.get("fix", "") for hint in status_of(function).get("hints") or []]
    return "\n".join(filter(None, hints))


def _timed_out(function: Document, ready: Document, timeout: float) -> NotReady:
    reason = str(ready.get("reason", "Unknown"))
    message = f"not ready after {timeout:g} s: {reason}: {ready.get('message', '')}".rstrip(": ")
    name = function["metadata"]["name"]
    fix = _hint_fixes(function) or f"plat describe {name}\nplat logs {name} -f"
    return NotReady(message, reason=reason, fix=fix)
