"""The controller over the memory backend: from a stored function to a route and a status."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest
from plat_backends.memory import (
    CrashingWorkloads,
    MemoryFunctionStore,
    MemorySecretStore,
    MemoryWorkloads,
    SlowWorkloads,
)
from plat_core.errors import FunctionNotFound
from plat_core.model.build import BuildEvent, BuildOptions, Failed, Finished
from plat_core.model.function import Function
from plat_core.model.names import FunctionRef
from plat_core.model.source import Source
from plat_core.ports import Route, RouteRemoved
from plat_core.services import sources
from plat_core.services.controller import Controller

from tests.route_fixtures import status_context

REF = FunctionRef("orders")


def image(n: int) -> str:
    return "embedded/orders@sha256:" + f"{n:064x}"


def function(n: int = 1, **spec: Any) -> Function:
    spec = {"image": image(n)} | spec if "source" not in spec else spec
    return Function.model_validate({"metadata": {"name": "orders"}, "spec": spec})


def secret_variable(name: str, key: str, *, optional: bool = False) -> dict[str, Any]:
    reference = {"name": name, "key": key, "optional": optional}
    return {"name": "SECRET", "valueFrom": {"secretKeyRef": reference}}


class FakeBuilder:
    """Builds at once; fails for a source that contains `broken`."""

    def __init__(self) -> None:
        self.builds = self.away = 0
        self.commit = "c" * 40
        self.failure = Failed(code="unavailable", message="the builder does not answer")

    async def build_source(
        self, source: Source, options: BuildOptions
    ) -> AsyncGenerator[BuildEvent, None]:
        self.builds += 1
        text = str(source.inline)
        if self.away:
            self.away -= 1
            yield self.failure
        elif source.git is not None:
            yield Finished(image=image(1), digest="sha256:0", runtime="python", commit=self.commit)
        elif "broken" in text:
            yield Failed(message="app.py:1: broken", fix="mend it", line="x = 1")
        else:
            yield Finished(image=image(len(text)), digest="sha256:0", runtime="python")


class Platform:
    """A running controller with its store and workloads."""

    def __init__(self, workloads: MemoryWorkloads | None = None) -> None:
        self.store = MemoryFunctionStore()
        self.workloads = workloads or MemoryWorkloads()
        self.builder = FakeBuilder()
        self.secrets = MemorySecretStore()
        self.restart()

    def restart(self) -> None:
        self.routes: dict[FunctionRef, Route] = {}
        self.controller = Controller(
            store=self.store,
            workloads=self.workloads,
            builder=self.builder,
            secrets=self.secrets,
            context=status_context("http://localhost:8080"),
        )

    async def __aenter__(self) -> Platform:
        self.tasks = [
            asyncio.create_task(self.controller.run()),
            asyncio.create_task(self._follow()),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _follow(self) -> None:
        async for update in self.controller.watch():
            if isinstance(update, RouteRemoved):
                self.routes.pop(update.ref)
            else:
                self.routes[update.ref] = update

    async def until(self, holds: Callable[[], Awaitable[bool] | bool]) -> None:
        async with asyncio.timeout(10):
            while True:
                outcome = holds()
                if (await outcome) if isinstance(outcome, Awaitable) else outcome:
                    return
                await asyncio.sleep(0.001)

    async def reason(self) -> str:
        status = (await self.store.get(REF)).function.status
        condition = status.condition("Ready") if status else None
        generation = (await self.store.get(REF)).function.generation
        if status is None or condition is None or status.observed_generation != generation:
            return ""
        return condition.reason

    async def secrets_found(self, status: str) -> bool:
        observed = (await self.store.get(REF)).function.status
        condition = observed.condition("SecretsFound") if observed else None
        return condition is not None and condition.status == status

    async def until_reason(self, reason: str) -> None:
        async def holds() -> bool:
            return await self.reason() == reason

        await self.until(holds)


async def test_a_stored_function_becomes_a_route_and_a_status() -> None:
    async with Platform() as platform:
        await platform.store.put(function())
        await platform.until_reason("Serving")
        record = await platform.store.get(REF)
        assert record.serving == 1
        status = record.function.status
        assert status is not None
        assert (status.revision, status.ready_replicas) == ("orders-1", 1)
        assert status.url == "http://localhost:8080/function/orders"
        await platform.until(lambda: platform.routes[REF].state == "ready")


async def test_a_changed_artifact_creates_a_revision_that_takes_over() -> None:
    async with Platform() as platform:
        await platform.store.put(function(1))
        await platform.until_reason("Serving")
        await platform.store.put(function(2))
        await platform.until(lambda: platform.routes[REF].revision == "orders-2")
        await platform.until_reason("Serving")
        replicas = await platform.workloads.observe(REF)
        assert [r.revision for r in replicas] == [2]


async def test_a_change_of_scale_or_access_creates_no_revision() -> None:
    async with Platform() as platform:
        await platform.store.put(function())
        await platform.until_reason("Serving")
        await platform.store.put(function(access="public", scale={"min": 2}))
        await platform.until(lambda: len(platform.routes[REF].endpoints) == 2)
        record = await platform.store.get(REF)
        assert [r.number for r in record.revisions] == [1]
        assert platform.routes[REF].access == "public"


async def test_scale_starts_and_stops_within_the_bounds() -> None:
    async with Platform() as platform:
        await platform.store.put(function(scale={"max": 3}))
        await platform.until_reason("Serving")
        await platform.controller.scale(REF, 9)
        await platform.until(lambda: len(platform.routes[REF].endpoints) == 3)
        await platform.controller.scale(REF, 0)
        await platform.until(lambda: platform.routes[REF].state == "asleep")
        await platform.until_reason("Idle")


async def test_scale_of_an_unknown_function_raises() -> None:
    async with Platform() as platform:
        with pytest.raises(FunctionNotFound):
            await platform.controller.scale(REF, 1)


async def test_a_failed_revision_never_serves_and_a_corrected_one_does() -> None:
    async with Platform() as platform:
        await platform.store.put(function(1))
        await platform.until_reason("Serving")
    platform.workloads = CrashingWorkloads()
    platform.restart()
    async with platform:
        await platform.store.put(function(2))
        await platform.until_reason("HandlerImportError")
        record = await platform.store.get(REF)
        assert (record.serving, record.failed) == (1, 2)


async def test_a_restart_restores_running_and_sleeping_functions() -> None:
    async with Platform() as platform:
        await platform.store.put(function())
        await platform.until_reason("Serving")
    platform.workloads = MemoryWorkloads()
    platform.restart()
    async with platform:
        await platform.until(
            lambda: REF in platform.routes and platform.routes[REF].state == "ready"
        )
        await platform.controller.scale(REF, 0)
        await platform.until_reason("Idle")
    platform.workloads = MemoryWorkloads()
    platform.restart()
    async with platform:
        await platform.until(lambda: REF in platform.routes)
        assert platform.routes[REF].state == "asleep"
        assert not await platform.workloads.observe(REF)


async def test_suspends_and_starts_a_function() -> None:
    async with Platform() as platform:
        await platform.store.put(function(suspend=True))
        await platform.until_reason("Suspended")
        assert not await platform.workloads.observe(REF)
        await platform.store.put(function())
        await platform.until_reason("Serving")


async def test_a_deleted_function_is_purged_with_its_route_and_replicas() -> None:
    async with Platform() as platform:
        await platform.store.put(function())
        await platform.until_reason("Serving")
        await platform.store.delete(REF)
        await platform.until(lambda: REF not in platform.routes)

        async def is_removed() -> bool:
            return not await platform.store.list()

        await platform.until(is_removed)
        assert not await platform.workloads.observe(REF)


async def test_a_source_is_built_once_and_then_runs() -> None:
    async with Platform() as platform:
        await platform.store.put(function(source={"inline": {"app.py": "x = 1"}}))
        await platform.until_reason("Serving")
        record = await platform.store.get(REF)
        assert record.latest is not None
        assert record.latest.image.startswith("embedded/")
        assert platform.builder.builds == 1


async def test_a_restart_or_change_of_scale_does_not_build_again() -> None:
    git = {"git": {"url": "https://example.org/x"}}
    async with Platform() as platform:
        await platform.store.put(function(source=git))
        await platform.until_reason("Serving")
        platform.builder.commit = "d" * 40
        await platform.store.put(function(source=git, scale={"max": 3}))
        await platform.until_reason("Serving")
    platform.restart()
    async with platform:
        await platform.until(lambda: platform.controller.synced)
        await platform.until_reason("Serving")
        record = await platform.store.get(REF)
        status = record.function.status or pytest.fail()
        assert (platform.builder.builds, len(record.revisions)) == (1, 1)
        assert (status.image, status.commit) == (image(1), "c" * 40)


async def test_a_redeploy_builds_a_branch_again_but_no_inline_source() -> None:
    at = {"redeployedAt": "2026-01-31T12:00:00Z"}
    async with Platform() as platform:
        for source, builds in (
            ({"inline": {"app.py": "x = 1"}}, 1),
            ({"git": {"url": "https://example.org/x", "ref": "e" * 40}}, 2),
            ({"git": {"url": "https://example.org/x", "ref": "main"}}, 4),
        ):
            for more in ({}, at):
                await platform.store.put(function(source=source, **more))
                await platform.until_reason("Serving")
            assert platform.builder.builds == builds


@pytest.mark.parametrize(
    "failure",
    [
        Failed(code="unavailable", message="the builder does not answer"),
        Failed(message="the host does not answer", passing=True),
    ],
    ids=["builder", "host"],
)
async def test_retries_a_build_after_a_failure_of_the_platform(
    monkeypatch: pytest.MonkeyPatch, failure: Failed
) -> None:
    monkeypatch.setattr(sources.SourceBuild.__init__, "__kwdefaults__", {"delay": 0.001})
    async with Platform() as platform:
        platform.builder.away, platform.builder.failure = 3, failure
        await platform.store.put(function(source={"inline": {"app.py": "x = 1"}}))
        await platform.until_reason("Serving")
        assert platform.builder.builds == 4


async def test_a_failed_build_has_a_reason_and_the_old_revision_serves() -> None:
    async with Platform() as platform:
        await platform.store.put(function(source={"inline": {"app.py": "x = 1"}}))
        await platform.until_reason("Serving")
        await platform.store.put(function(source={"inline": {"app.py": "broken"}}))
        await platform.until_reason("BuildFailed")
        status = (await platform.store.get(REF)).function.status
        assert status is not None
        assert "app.py:1" in (status.condition("Ready") or pytest.fail()).message
        built = status.condition("Built") or pytest.fail()
        assert (built.status, built.message) == ("False", "app.py:1: broken (line: x = 1)")
        assert [hint.fix for hint in status.hints] == ["mend it"]
        assert platform.routes[REF].state == "ready"


async def test_a_failed_build_is_retried_on_a_redeploy_only() -> None:
    """Its cause may lie outside the source: a limit of the builder, a package index."""
    broken = {"inline": {"app.py": "broken"}}
    async with Platform() as platform:
        for more, builds in (
            ({}, 1),
            ({"scale": {"max": 3}}, 1),
            ({"redeployedAt": "2026-01-31T12:00:00Z"}, 2),
        ):
            await platform.store.put(function(source=broken, **more))
            await platform.until(lambda count=builds: platform.builder.builds == count)
            await platform.until_reason("BuildFailed")
        assert platform.builder.builds == 2


async def test_a_changed_secret_creates_a_revision_and_equal_values_do_not() -> None:
    async with Platform() as platform:
        await platform.secrets.put("default", "db", {"url": "a"})
        await platform.secrets.put("default", "other", {"x": "y"})
        await platform.store.put(function(secrets=["db"]))
        await platform.until_reason("Serving")
        await platform.secrets.put("default", "other", {"x": "z"})
        await platform.secrets.put("default", "db", {"url": "a"})
        await platform.secrets.put("default", "db", {"url": "b"})
        await platform.until(lambda: platform.routes[REF].revision == "orders-2")
        await platform.until_reason("Serving")
        record = await platform.store.get(REF)
        assert [r.number for r in record.revisions] == [1, 2]
        assert set((record.latest or pytest.fail()).secrets) == {"db"}


async def test_a_secret_that_changed_while_the_platform_was_down_is_rolled_out() -> None:
    async with Platform() as platform:
        await platform.secrets.put("default", "db", {"url": "a"})
        await platform.store.put(function(env=[secret_variable("db", "url")]))
        await platform.until_reason("Serving")
    await platform.secrets.put("default", "db", {"url": "b"})
    platform.restart()
    async with platform:
        await platform.until(
            lambda: REF in platform.routes and platform.routes[REF].revision == "orders-2"
        )


async def test_a_deleted_secret_is_a_condition_and_replicas_keep_running() -> None:
    async with Platform() as platform:
        await platform.secrets.put("default", "db", {"url": "a"})
        await platform.store.put(function(secrets=["db"]))
        await platform.until_reason("Serving")
        await platform.secrets.delete("default", "db")
        await platform.until(lambda: platform.secrets_found("False"))
        status = (await platform.store.get(REF)).function.status or pytest.fail()
        assert (status.revision, status.ready_replicas) == ("orders-1", 1)
        assert [hint.fix for hint in status.hints] == ["plat secret set db KEY=VALUE"]
        await platform.secrets.put("default", "db", {"url": "a"})
        await platform.until(lambda: platform.secrets_found("True"))


async def test_a_deleted_optional_secret_creates_a_revision() -> None:
    async with Platform() as platform:
        await platform.secrets.put("default", "db", {"url": "a"})
        await platform.store.put(function(env=[secret_variable("db", "url", optional=True)]))
        await platform.until_reason("Serving")
        await platform.secrets.delete("default", "db")
        await platform.until(lambda: platform.routes[REF].revision == "orders-2")


async def test_a_settled_function_is_not_written_again() -> None:
    async with Platform(SlowWorkloads()) as platform:
        await platform.store.put(function())
        await platform.until(lambda: bool(platform.workloads.applied))
        assert isinstance(platform.workloads, SlowWorkloads)
        platform.workloads.finish_starting()
        await platform.until_reason("Serving")
        writes = platform.store.writes
        for _ in range(3):
            platform.controller._queue.add(REF)
            await platform.until(lambda: not platform.controller._queue._tasks)
        assert platform.store.writes == writes
