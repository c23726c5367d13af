"""Container documents, failures and log lines, without Docker."""

from __future__ import annotations

import io
import json
import os
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_backends.docker import spec
from plat_backends.docker.engine import ContainerState
from plat_backends.docker.failures import describe_exit, explain_container_exit
from plat_backends.docker.logs import parse_log_frame
from plat_backends.docker.secret_archive import secret_archive
from plat_backends.docker.streams import read_frames
from plat_core.model.function import FunctionSpec
from plat_core.model.names import FunctionRef
from plat_core.ports import Revision

GOLDEN = Path(__file__).parents[1] / "golden" / "docker"
NAME = spec.ReplicaName(
    FunctionRef("orders", "team"), 7, "orders-7-ab12", "plat-team-orders-7-ab12"
)
IMAGE = "localhost:5001/orders@sha256:" + "a" * 64

PLAIN: dict[str, object] = {}
FULL: dict[str, object] = {
    "handler": "app:app",
    "timeout": "1m30s",
    "concurrency": 3,
    "secrets": ["db"],
    "resources": {
        "requests": {"cpu": "250m", "memory": "64Mi"},
        "limits": {"cpu": "500m", "memory": "96Mi"},
    },
}


def revision(fields: dict[str, object]) -> Revision:
    document = FunctionSpec.model_validate({"image": IMAGE, **fields})
    return Revision(NAME.ref, 7, IMAGE, document, datetime(2026, 1, 2, tzinfo=UTC))


@pytest.mark.parametrize(("name", "fields"), [("plain", PLAIN), ("full", FULL)])
def test_container_equals_the_golden_file(name: str, fields: dict[str, object]) -> None:
    policy = spec.ContainerPolicy(environment={"HTTPS_PROXY": "http://proxy:3128"})
    made = spec.container(NAME, revision(fields), policy, values={"B": "2", "A": "1"}, user="1000")
    golden = GOLDEN / f"container-{name}.json"
    if os.environ.get("PLAT_WRITE_GOLDEN"):
        golden.write_text(json.dumps(made, indent=2, sort_keys=True) + "\n")
    assert made == json.loads(golden.read_text())


@pytest.mark.parametrize("user", ["", "root", "0", "0:0", "root:users"])
def test_replaces_root_with_an_unprivileged_user(user: str) -> None:
    made = spec.container(NAME, revision({}), spec.ContainerPolicy(), values={}, user=user)
    assert made["User"] == spec.ANY_USER


@pytest.mark.parametrize("user", ["1000", "nobody", "65532:0"])
def test_keeps_an_unprivileged_user_of_the_image(user: str) -> None:
    made = spec.container(NAME, revision({}), spec.ContainerPolicy(), values={}, user=user)
    assert "User" not in made


def test_user_variables_cannot_override_the_contract() -> None:
    values = {"PORT": "1", "PLAT_REPLICA": "x", "HOME": "/home/me"}
    made = spec.container(NAME, revision({}), spec.ContainerPolicy(), values=values, user="1")
    env = dict(line.split("=", 1) for line in made["Env"])
    assert env["PORT"] == "8080"
    assert env["PLAT_REPLICA"] == NAME.id
    assert env["HOME"] == "/home/me"


def test_reads_the_replica_name_from_its_labels() -> None:
    labels = spec.replica_labels(NAME, spec.ContainerPolicy())
    assert spec.read_replica_name(NAME.container, labels) == NAME


@pytest.mark.parametrize("missing", [spec.FUNCTION, spec.NAMESPACE, spec.REVISION, spec.REPLICA])
def test_returns_no_name_without_all_labels(missing: str) -> None:
    labels = spec.replica_labels(NAME, spec.ContainerPolicy())
    del labels[missing]
    assert spec.read_replica_name(NAME.container, labels) is None
    assert (
        spec.read_replica_name(NAME.container, labels | {missing: "x", spec.REVISION: "seven"})
        is None
    )


def test_secret_files_are_readable_and_not_writable() -> None:
    data = secret_archive({"db": {"url": "ü", "user": "me"}, "api": {"key": ""}})
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert {m.name: oct(m.mode) for m in tar} == {
            "api": "0o755",
            "api/key": "0o444",
            "db": "0o755",
            "db/url": "0o444",
            "db/user": "0o444",
        }
        extracted = tar.extractfile("db/url")
        assert extracted is not None
        assert extracted.read().decode() == "ü"


def container(**state: object) -> ContainerState:
    fields: dict[str, object] = {
        "id": "1",
        "name": "x",
        "labels": {},
        "status": "exited",
        "health": "",
        "started": "",
        "exit_code": 1,
        "oom_killed": False,
        "error": "",
        "address": "",
        "stop_timeout": 10.0,
        "memory": 64 * 1024**2,
    }
    return ContainerState(**(fields | state))  # type: ignore[arg-type]


def test_an_oom_kill_takes_precedence() -> None:
    lines = ["plat: HandlerFailed: no"]
    failure = explain_container_exit(
        container(oom_killed=True, exit_code=137), lines, looping=False
    )
    assert (failure.reason, "64 MiB" in failure.message) == ("OOMKilled", True)


def test_uses_the_last_report_of_the_runtime() -> None:
    lines = ["plat: serving app:app", "plat: First: one", "Traceback", "plat: Second: two words"]
    failure = explain_container_exit(container(), lines, looping=True)
    assert (failure.reason, failure.message) == ("Second", "two words")
    assert failure.log.endswith("Traceback")


@pytest.mark.parametrize(
    ("looping", "code", "reason", "words"),
    [
        (False, 3, "Exited", "it exited with code 3"),
        (True, 3, "CrashLoopBackOff", "it exited with code 3"),
        (False, 137, "Exited", "it was killed by SIGKILL"),
        (False, 255, "Exited", "it exited with code 255"),
    ],
)
def test_describes_an_exit(looping: bool, code: int, reason: str, words: str) -> None:
    failure = explain_container_exit(container(exit_code=code), ["a", "b"], looping=looping)
    assert (failure.reason, failure.message, failure.log) == (reason, words, "a\nb")


@given(st.integers())
def test_describes_any_exit_code(code: int) -> None:
    assert describe_exit(code)


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=50)), max_size=10), st.data())
def test_reads_the_complete_frames_of_a_truncated_stream(
    parts: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    wire = b"".join(bytes([k, 0, 0, 0]) + len(b).to_bytes(4, "big") + b for k, b in parts)
    cut = data.draw(st.integers(0, len(wire)))
    source = io.BytesIO(wire[:cut])
    found = list(read_frames(lambda size: source.read(min(size, 7))))
    assert found == parts[: len(found)]
    assert cut < len(wire) or found == parts


@given(st.integers(0, 255), st.binary(max_size=200))
def test_parses_arbitrary_output(kind: int, raw: bytes) -> None:
    parse_log_frame(NAME, kind, raw)
    line = parse_log_frame(NAME, kind, b"2026-01-31T12:00:00.123456789Z " + raw)
    assert line is not None
    assert line.record.time == datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
    assert line.record.revision == "orders-7"


def test_splits_the_call_tag_from_a_line() -> None:
    line = parse_log_frame(NAME, 2, b"2026-01-31T12:00:00Z [call abc] hello\n")
    assert line is not None
    assert (line.record.call_id, line.record.text, line.record.stream) == ("abc", "hello", "stderr")
