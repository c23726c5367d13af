"""The build service: stores an upload, unpacks or fetches the source, and runs the engine."""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Literal

from plat_core.errors import InvalidInput, Malformed, Overloaded, PlatError, TooLarge
from plat_core.model import strictjson
from plat_core.model.build import BuildEvent, BuildOptions, Failed, Finished, LogLine, Step
from plat_core.model.source import Source
from plat_core.model.validation import validate
from plat_core.ports import Builder

from plat_builder import archive
from plat_builder.build_errors import failed_event
from plat_builder.fetching.fetcher import Fetcher, Packing
from plat_builder.process import end_marked
from plat_builder.settings import MIB, BuildSettings
from plat_builder.staging import Staging
from plat_builder.tarball import unpack_tarball

Kind = Literal["zip", "file", "source"]
Body = bytes | Path | AsyncIterable[bytes]
MAX_BUILDS = 50
"""Maximum number of builds, waiting ones included."""

_log = logging.getLogger(__name__)


class BuildService:
    """Takes uploads and runs them through one engine, a few at a time."""

    def __init__(
        self,
        engine: Builder,
        workdir: Path,
        settings: BuildSettings | None = None,
    ) -> None:
        """`workdir` holds uploads while they are built; leftovers in it are removed."""
        self._engine = engine
        settings = settings or BuildSettings()
        self._limits = settings.limits
        self._fetcher = Fetcher(settings)
        self._staging = Staging(workdir, before=end_marked)
        self._free = asyncio.Semaphore(settings.concurrent)
        self._inside = 0
        self._first = True

    async def build_upload(
        self, body: Body, kind: Kind, options: BuildOptions
    ) -> AsyncGenerator[BuildEvent, None]:
        """Build what was sent; the last event is Finished or Failed, and nothing is raised.

        `kind`: a zip of a folder, the text of one file, or a `Source` as JSON: its files, or where
        they are fetched from.
        Closing the iterator ends the build and leaves nothing.
        """
        try:
            async with aclosing(self._queued(body, kind, options)) as events:
                async for event in events:
                    yield event
        except (PlatError, OSError) as error:
            yield failed_event(error)
        except Exception:  # noqa: BLE001 - a stream of events ends with one, whatever happened
            _log.exception("a build of %s failed inside the platform", options.name)
            yield Failed(code="internal", message="the builder itself failed; its log says why")

    async def _queued(
        self, body: Body, kind: Kind, options: BuildOptions
    ) -> AsyncGenerator[BuildEvent, None]:
        if self._first:
            self._first = False
            await asyncio.to_thread(self._staging.sweep)
        if self._inside >= MAX_BUILDS:
            raise Overloaded(f"{self._inside} builds are under way", fix="try again in a minute")
        self._inside += 1
        try:
            async with (
                self._staging.hold() as slot,
                aclosing(self._build(body, kind, options, slot)) as events,
            ):
                async for event in events:
                    yield event
        finally:
            self._inside -= 1

    async def _build(
        self, body: Body, kind: Kind, options: BuildOptions, slot: Path
    ) -> AsyncGenerator[BuildEvent, None]:
        began = time.monotonic()
        upload, source, commit = slot / "upload", slot / "source", None
        await _spool(body, upload, self._limits.upload)
        packing: Packing | Kind = kind
        if kind == "source" and (elsewhere := _elsewhere(upload.read_bytes())):
            upload = slot / "fetched"
            async with aclosing(self._fetcher.fetch(elsewhere, upload, slot)) as items:
                async for item in items:
                    if isinstance(item, LogLine):
                        yield item
                    else:
                        packing, commit = item.packing, item.commit
        await _in_thread(lambda stopped: self._unpack(upload, packing, source, stopped))
        yield Step(name="upload", seconds=time.monotonic() - began)
        if self._free.locked():
            yield LogLine(text=f"waiting for a turn; builds under way: {self._inside}")
        async with self._free, aclosing(_events(self._engine.build(source, options))) as events:
            async for event in events:
                yield event.model_copy(update={"commit": commit}) if _ended(event) else event

    def _unpack(
        self, upload: Path, kind: Packing | Kind, source: Path, stopped: Callable[[], bool]
    ) -> None:
        limits = self._limits
        if kind in ("zip", "tar.gz"):
            unpack = archive.unpack_zip if kind == "zip" else unpack_tarball
            with upload.open("rb") as file:
                unpack(file, source, limits, stopped=stopped)
        elif kind == "file":
            archive.write_one_file(upload.read_bytes(), source, limits)
        else:
            archive.write_inline(_inline(upload.read_bytes()), source, limits)


def _ended(event: BuildEvent) -> bool:
    return isinstance(event, Finished)


async def _spool(body: Body, file: Path, limit: int) -> None:
    """Write the upload to disk; raises TooLarge, and Malformed where it ends too early."""
    if isinstance(body, Path):
        if body.stat().st_size > limit:
            raise _upload_too_large(limit)
        await asyncio.to_thread(shutil.copyfile, body, file)
        return
    count = 0
    with file.open("wb") as sink:
        async for chunk in _chunks(body):
            count += len(chunk)
            if count > limit:
                raise _upload_too_large(limit)
            await asyncio.to_thread(sink.write, chunk)
    if not count:
        raise Malformed("the upload is empty", fix="send a zip, or one Python file")


async def _chunks(body: bytes | AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    if isinstance(body, bytes):
        yield body
        return
    try:
        async for chunk in body:
            yield chunk
    except PlatError:
        raise
    except Exception as error:  # noqa: BLE001 - each server has its own one for a sender who left
        raise Malformed(f"the upload was cut: {error}", fix="send it again") from None


def _upload_too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"the upload has more than {limit // MIB} MiB",
        fix="name what is not needed in .platignore",
    )


def _elsewhere(data: bytes) -> Source | None:
    """The source to fetch; None where the files are in the document itself."""
    document = strictjson.loads(data, max_bytes=4 * MIB)
    if not isinstance(document, dict) or document.keys().isdisjoint({"git", "archive"}):
        return None
    return validate(Source, document, at="source")


def _inline(data: bytes) -> dict[str, str]:
    """The files of `{"inline": {path: text}}`."""
    document = strictjson.loads(data, max_bytes=4 * MIB)
    files = document.get("inline") if isinstance(document, dict) else None
    if not isinstance(files, dict) or not files:
        raise InvalidInput('an inline source is {"inline": {"app.py": "…"}}', field="inline")
    for path, text in files.items():
        if not isinstance(text, str):
            field = strictjson.key_path("inline", path)
            raise InvalidInput(f"{field}: a file's content is text", field=field)
    return files


async def _events(stream: AsyncIterator[BuildEvent]) -> AsyncGenerator[BuildEvent, None]:
    """The events of an engine, whose iterator is closed with this one."""
    try:
        async for event in stream:
            yield event
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


async def _in_thread(work: Callable[[Callable[[], bool]], None]) -> None:
    """Run `work` in a thread; when cancelled, it is told to stop and waited for."""
    stop = threading.Event()
    running = asyncio.ensure_future(asyncio.to_thread(work, stop.is_set))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({running})
        if not running.cancelled():
            running.exception()  # fetched, so that nobody is warned of it
        raise
