"""The OpenAPI document: up to date, complete and correct."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI
from plat_gateway.app import routed

from tests.gateway.api.conftest import TOKEN, make_platform
from tests.gateway.api.serving import served

ROOT = Path(__file__).parents[3]


def test_the_committed_document_is_up_to_date() -> None:
    committed = json.loads((ROOT / "docs/reference/openapi.json").read_text())
    assert routed().openapi() == committed, "run `make generate`"


def test_every_operation_has_an_id_a_description_and_a_tag(app: FastAPI) -> None:
    document = app.openapi()
    ids = [
        (operation["operationId"], operation.get("description"), operation.get("tags"))
        for operations in document["paths"].values()
        for operation in operations.values()
    ]
    assert len({name for name, _, _ in ids}) == len(ids)
    assert all(name.islower() and text and tags for name, text, tags in ids)
    assert not json.dumps(document).count("HTTPValidationError")


def test_the_application_imports_no_unused_libraries() -> None:
    code = (
        "import sys, plat_gateway.app; "
        "print({'httpx', 'rich', 'typer', 'uvicorn', 'sqlalchemy'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_schemathesis_finds_no_errors(tmp_path: Path) -> None:
    platform = make_platform(auth_failures=1_000_000, wait_limit=0.05, stream_limit=0.2)
    with served(platform.app()) as url:
        run = subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis",
                *("--config-file", ROOT / "schemathesis.toml"),
                *("run", f"{url}/openapi.json", "--checks", "all", "--no-color"),
                *("--header", f"Authorization: Bearer {TOKEN}"),
                *("--max-examples", "15", "--seed", "1"),
                *("--generation-database", "none", "--request-timeout", "30"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
