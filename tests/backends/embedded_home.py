"""A home directory with one artifact that runs the small runtime of tests/fixtures."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plat_core.model.build import EnvironmentArtifact
from plat_core.model.function import FunctionSpec
from plat_core.model.names import FunctionRef
from plat_core.ports import Replica, Revision

LAUNCHER = Path(__file__).parents[1] / "fixtures" / "launcher" / "plain.py"
DIGEST = "c" * 64
PYTHON = Path(sys.executable).resolve()


class Home:
    def __init__(
        self, path: Path, *, python: Path = PYTHON, launcher: Path = LAUNCHER, name: str = "orders"
    ) -> None:
        self.path = path
        self.ref = FunctionRef(name)
        code = path / "code"
        code.mkdir(parents=True, exist_ok=True)
        artifact = EnvironmentArtifact(
            digest=DIGEST, name=name, runtime="plain", python=python, launcher=launcher, code=code
        )
        folder = path / "artifacts" / DIGEST
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "artifact.json").write_text(artifact.model_dump_json())

    @property
    def image(self) -> str:
        return f"embedded/{self.ref.name}@sha256:{DIGEST}"

    def revision(
        self,
        number: int = 1,
        *,
        mode: str = "good",
        env: dict[str, str] | None = None,
        refs: dict[str, tuple[str, str]] | None = None,
        image: str | None = None,
        **spec: Any,
    ) -> Revision:
        variables: list[dict[str, Any]] = [
            {"name": name, "value": value} for name, value in {"MODE": mode, **(env or {})}.items()
        ]
        for name, (secret, key) in (refs or {}).items():
            source = {"secretKeyRef": {"name": secret, "key": key}}
            variables.append({"name": name, "valueFrom": source})
        image = image or self.image
        document = {"image": image, "timeout": "5s", "env": variables, **spec}
        created = datetime(2026, 1, 2, tzinfo=UTC)
        return Revision(self.ref, number, image, FunctionSpec.model_validate(document), created)

    async def call(self, replica: Replica, path: str = "/", *, answered: bool = True) -> bytes:
        """Return the body of the response; empty if `answered` is False."""
        assert replica.endpoint is not None, replica
        socket = replica.endpoint.address.removeprefix("unix:")
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(60):
            answer = await reader.read()
        writer.close()
        if not answered:
            return answer
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b" 200 " in head.splitlines()[0], answer
        return body

    async def info(self, replica: Replica) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(await self.call(replica))
        return document
