"""What goes into a build and what comes out of it.

A build is a stream of events whose last one is `Finished` or `Failed`: the same objects travel
from the engine to the CLI as lines of JSON.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from plat_core.model.base import Model
from plat_core.model.function import HANDLER_PATTERN
from plat_core.model.names import Name

EMBEDDED_REPOSITORY = "embedded"
"""Images of the embedded backend are `embedded/<name>@sha256:<digest>`: an unpacked environment."""


class BuildOptions(Model):
    """What a build is told beside the source itself; all of it may stand in `function.json`."""

    name: Name
    runtime: Name | None = None
    handler: Annotated[str, StringConstraints(pattern=HANDLER_PATTERN)] | None = None
    debug: bool = False
    """Add what a debugger needs (debugpy) to the environment."""


class LogLine(Model):
    """One line of a build's output, as it is written."""

    type: Literal["log"] = "log"
    text: str
    stream: Literal["stdout", "stderr"] = "stdout"


class Step(Model):
    """A step of the build ended; `seconds` is what it took, `cached` whether it was skipped."""

    type: Literal["step"] = "step"
    name: str
    seconds: float = 0.0
    cached: bool = False


class Finished(Model):
    """The artifact is there. `unchanged`: the same source was built before."""

    type: Literal["finished"] = "finished"
    image: str
    digest: str
    runtime: str
    handler: str | None = None
    unchanged: bool = False
    commit: str | None = None
    """The git commit of the source, where it came from a repository."""


class Failed(Model):
    """There is no artifact.

    `line` is the guilty line of the user's files, where it is known: `app.py:1: import flaskk`.
    `passing`: nothing of the source's is at fault, and the same build may succeed later.
    """

    type: Literal["failed"] = "failed"
    code: str = "build-failed"
    message: str
    fix: str = ""
    line: str = ""
    passing: bool = False


BuildEvent = Annotated[LogLine | Step | Finished | Failed, Field(discriminator="type")]
BUILD_EVENT: TypeAdapter[BuildEvent] = TypeAdapter(BuildEvent)


class EnvironmentArtifact(Model):
    """The file `artifact.json` of an embedded artifact: how a replica of it is started.

    Paths are absolute. `code` holds the user's files, each of `site` packages of the environment,
    `launcher` the runtime's program, run by `python`.
    """

    digest: str
    name: Name
    runtime: str
    handler: str | None = None
    python: Path
    launcher: Path
    code: Path
    site: tuple[Path, ...] = ()
