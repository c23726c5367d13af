"""Where finished artifacts and environments stand, and how they get there and go away.

What stands is whole and read-only: it was moved here by one rename. Only this module moves things
in or out, under one lock, so that nothing goes away between being found and being used.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from plat_core.errors import BuildFailed
from plat_core.model.build import EnvironmentArtifact

from plat_builder.engines.plan import Plan
from plat_builder.settings import MIB, BuildSettings
from plat_builder.staging import READ_ONLY_FOLDER, Staging, publish

ARTIFACT_FILE = "artifact.json"
GRACE_SECONDS = 3600.0
COMPILE_SECONDS = 60.0

_BYTECODE = Path(__file__).parents[1] / "bytecode.py"


@dataclass(frozen=True, slots=True)
class Collected:
    """How many things `collect` removed."""

    artifacts: int = 0
    environments: int = 0
    leftovers: int = 0


class Shelf:
    """The folders `artifacts` and `environments` of one home."""

    def __init__(self, home: Path, staging: Staging) -> None:
        self.artifacts = home / "artifacts"
        self.environments = home / "environments"
        self._staging = staging
        self._lock = threading.Lock()

    def site(self, key: str) -> Path:
        """Where the packages of an environment are."""
        return self.environments / key / "site"

    def has(self, plan: Plan) -> bool:
        """Whether the plan's artifact is here; it then stays for GRACE_SECONDS at least."""
        folder = self.artifacts / plan.digest
        with self._lock:
            if not self.site(plan.key).is_dir() or not (folder / ARTIFACT_FILE).is_file():
                return False
            os.utime(folder)
            os.utime(self.environments / plan.key)
            self._refresh(folder, plan.artifact(folder, self.site(plan.key)))
        return True

    def has_environment(self, key: str) -> bool:
        """Whether that environment is here; it then stays for GRACE_SECONDS at least."""
        with self._lock:
            if not self.site(key).is_dir():
                return False
            os.utime(self.environments / key)
        return True

    def add_environment(self, plan: Plan, made: Path) -> None:
        """Move in the environment `made`, with a note of what is in it."""
        site = made / "site"
        (site / ".lock").unlink(missing_ok=True)
        packages = sorted(path.name[: -len(".dist-info")] for path in site.glob("*.dist-info"))
        note = {"requirements": plan.order.texts, "packages": packages}
        (made / "environment.json").write_text(json.dumps(note, indent=2), encoding="utf-8")
        publish(made, self.environments / plan.key)

    async def add(self, plan: Plan, source: Path, slot: Path) -> None:
        """Copy, compile and move in the code of `source`; raises BuildFailed."""
        made, folder = slot / "artifact", self.artifacts / plan.digest
        code = made / "code"
        await asyncio.to_thread(_copy, plan, source, code)
        await _compile(plan, code, folder / "code")
        artifact = plan.artifact(folder, self.site(plan.key))
        (made / ARTIFACT_FILE).write_text(artifact.model_dump_json(by_alias=True, indent=2))
        await asyncio.to_thread(publish, made, folder)

    def collect(self, keep: set[str], grace: float) -> Collected:
        """See `EnvironmentEngine.collect`."""
        kept = {digest.removeprefix("sha256:") for digest in keep}
        artifacts = self._remove(self.artifacts, kept, grace)
        environments = self._remove(self.environments, self._used(), grace)
        return Collected(artifacts, environments, self._staging.sweep())

    def _used(self) -> set[str]:
        """The environments that an artifact needs."""
        files = self.artifacts.glob(f"*/{ARTIFACT_FILE}")
        found = [EnvironmentArtifact.model_validate_json(file.read_bytes()) for file in files]
        return {site.parent.name for artifact in found for site in artifact.site}

    def _remove(self, shelf: Path, keep: set[str], grace: float) -> int:
        folders = sorted(shelf.iterdir()) if shelf.is_dir() else []
        return sum(self._take_out(f, grace) for f in folders if f.name not in keep)

    def _take_out(self, folder: Path, grace: float) -> bool:
        with self._staging.slot() as slot:
            with self._lock:
                if time.time() - folder.stat().st_mtime < grace:
                    return False
                folder.chmod(0o755)
                folder.rename(slot / folder.name)
            return True

    def _refresh(self, folder: Path, artifact: EnvironmentArtifact) -> None:
        """Correct the paths of an artifact after the platform or its home has moved."""
        file = folder / ARTIFACT_FILE
        stored = EnvironmentArtifact.model_validate_json(file.read_bytes())
        if stored.model_copy(update={"name": artifact.name}) == artifact:
            return
        folder.chmod(0o755)
        new = file.with_suffix(".new")
        new.write_text(artifact.model_dump_json(by_alias=True, indent=2))
        new.chmod(0o444)
        new.rename(file)
        folder.chmod(READ_ONLY_FOLDER)


class Room:
    """Watches what an installation takes, and what it leaves free."""

    def __init__(self, site: Path, cache: Path, settings: BuildSettings) -> None:
        self._site, self._cache = site, cache
        self._limit, self._reserve = settings.disk, settings.reserve
        self._next = 0.0

    async def check(self, *, last: bool = False) -> None:
        """Raise BuildFailed where it is too much. Looks seldom where looking takes long."""
        began = time.monotonic()
        if began < self._next and not last:
            return
        await asyncio.to_thread(self._check)
        self._next = time.monotonic() + 5 * (time.monotonic() - began)

    def _check(self) -> None:
        if _size(self._site, self._limit) > self._limit:
            raise BuildFailed(
                f"the installed packages are too large: more than {self._limit // MIB} MiB",
                fix="ask for fewer packages; who runs the platform may raise PLAT_BUILD_DISK",
            )
        for place in (self._site, self._cache):
            if place.exists() and shutil.disk_usage(place).free < self._reserve:
                raise BuildFailed(
                    f"the disk is full: less than {self._reserve // MIB} MiB are free",
                    fix="make room, then deploy again",
                )


def _size(folder: Path, enough: int) -> int:
    """Bytes in `folder`, counted no further than `enough`; it may change meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(place, name).lstat().st_size
            except FileNotFoundError:
                continue
        if total > enough:
            break
    return total


def _copy(plan: Plan, source: Path, code: Path) -> None:
    for entry in plan.entries:
        target = code / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / entry.path, target, follow_symlinks=False)
        target.chmod(entry.mode)
    if plan.digest_of(code) != plan.digest:
        raise BuildFailed("the files changed while they were read", fix="deploy again")


async def _compile(plan: Plan, code: Path, final: Path) -> None:
    """Compile in a process of its own: the source may be made to break a compiler."""
    arguments = ("-I", "-S", "-W", "ignore", str(_BYTECODE), str(code), str(final))
    process = await asyncio.create_subprocess_exec(
        str(plan.order.python),
        *arguments,
        plan.findings.module,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"LANG": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), COMPILE_SECONDS)
    except TimeoutError:
        raise BuildFailed("compiling the code took too long") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise BuildFailed("the code cannot be compiled: it makes the compiler fail")
    if error := json.loads(output):
        raise _syntax_error(error)


def _syntax_error(error: dict[str, object]) -> BuildFailed:
    """The compiler's words with the line and a caret under the place."""
    place = f"{error['file']}:{error['line']}" if error.get("line") else str(error["file"])
    shown = f"{place}: {error['message']}"
    text = str(error.get("text") or "").rstrip()
    if not text:
        return BuildFailed(shown, fix="correct the line, then deploy again", line=place)
    column = error.get("column")
    offset = column if isinstance(column, int) and column > 0 else 1
    stripped = text.lstrip()
    caret = " " * max(offset - 1 - (len(text) - len(stripped)), 0) + "^"
    return BuildFailed(
        f"{shown}\n    {stripped}\n    {caret}",
        fix="correct the line, then deploy again",
        line=f"{place}: {stripped[:200]}",
    )
