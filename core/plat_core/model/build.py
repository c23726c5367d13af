"""Options and events of builds.

A build is a stream of events, and its last one is `Finished` or `Failed`. The same objects are sent
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
"""Repository of the embedded backend's artifacts: `embedded/<name>@sha256:<digest>`."""


class BuildOptions(Model):
    """Options of a build; each of them may be set in `function.json` too."""

    name: Name
    runtime: Name | None = None
    handler: Annotated[str, StringConstraints(pattern=HANDLER_PATTERN)] | None = None
    debug: bool = False
    """Add debugpy, which debuggers need, to the environment."""


class LogLine(Model):
    """One line of a build's output."""

    type: Literal["log"] = "log"
    text: str
    stream: Literal["stdout", "stderr"] = "stdout"


class Step(Model):
    """A step of the build ended after `seconds`; `cached`: it was skipped."""

    type: Literal["step"] = "step"
    name: str
    seconds: float = 0.0
    cached: bool = False


class Finished(Model):
    """The build succeeded. `unchanged`: the same source was built before."""

    type: Literal["finished"] = "finished"
    image: str
    digest: str
    runtime: str
    handler: str | None = None
    unchanged: bool = False
    commit: str | None = None
    """The git commit of a source in a repository."""


class Failed(Model):
    """The build failed.

    `line` is the line of the user's files that causes it, if known: `app.py:1: import flaskk`.
    `passing`: the source is not the cause, and the same build may succeed later.
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
    """The file `artifact.json` of an embedded artifact, with all that its replicas need to start.

    Paths are absolute. `code` contains the user's files, `site` are package directories, and
    `launcher` is the runtime's program, run by `python`.
    """

    digest: str
    name: Name
    runtime: str
    handler: str | None = None
    python: Path
    launcher: Path
    code: Path
    site: tuple[Path, ...] = ()
