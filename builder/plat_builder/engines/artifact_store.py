"""The stored artifacts and environments of one home folder.

All entries are complete and read-only, because each was moved in by one rename. One lock guards
moves in and out, so an entry is not removed between lookup and use.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from plat_core.model.build import EnvironmentArtifact

from plat_builder.engines.environment_plan import EnvironmentPlan
from plat_builder.staging import READ_ONLY_FOLDER, Staging, publish
from plat_builder.user_code import copy_files, source_changed

ARTIFACT_FILE = "artifact.json"
GRACE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class RemovedArtifacts:
    """How many things `collect` removed."""

    artifacts: int = 0
    environments: int = 0
    leftovers: int = 0


class ArtifactStore:
    """The folders `artifacts` and `environments` of one home."""

    def __init__(self, home: Path, staging: Staging) -> None:
        self.artifacts = home / "artifacts"
        self.environments = home / "environments"
        self._staging = staging
        self._lock = threading.Lock()

    def site(self, key: str) -> Path:
        """Where the packages of an environment are."""
        return self.environments / key / "site"

    def has(self, plan: EnvironmentPlan) -> bool:
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

    def add_environment(self, plan: EnvironmentPlan, made: Path) -> None:
        """Move in the environment `made`, with a note of what is in it."""
        environment = plan.environment
        packages = environment.packages(made / "site")
        note = {"requirements": environment.requirements, "packages": packages}
        (made / "environment.json").write_text(json.dumps(note, indent=2), encoding="utf-8")
        publish(made, self.environments / plan.key)

    async def add(self, plan: EnvironmentPlan, slot: Path) -> None:
        """Copy, compile and move in the code of `source`; raises BuildFailed."""
        made, folder = slot / "artifact", self.artifacts / plan.digest
        code = made / "code"
        await asyncio.to_thread(copy_files, plan.source.path, plan.source.files, code)
        if plan.digest_of(code) != plan.digest:
            raise source_changed()
        interpreter = plan.environment.interpreter
        await plan.language.compile(code, folder / "code", plan.info, interpreter)
        artifact = plan.artifact(folder, self.site(plan.key))
        (made / ARTIFACT_FILE).write_text(artifact.model_dump_json(by_alias=True, indent=2))
        await asyncio.to_thread(publish, made, folder)

    def collect(self, keep: set[str], grace: float) -> RemovedArtifacts:
        """See `EnvironmentEngine.collect`."""
        kept = {digest.removeprefix("sha256:") for digest in keep}
        artifacts = self._remove(self.artifacts, kept, grace)
        environments = self._remove(self.environments, self._used(), grace)
        return RemovedArtifacts(artifacts, environments, self._staging.sweep())

    def _used(self) -> set[str]:
        """The environments that an artifact needs."""
        files = self.artifacts.glob(f"*/{ARTIFACT_FILE}")
        found = [EnvironmentArtifact.model_validate_json(file.read_bytes()) for file in files]
        return {site.parent.name for artifact in found for site in artifact.site}

    def _remove(self, artifact_store: Path, keep: set[str], grace: float) -> int:
        folders = sorted(artifact_store.iterdir()) if artifact_store.is_dir() else []
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
