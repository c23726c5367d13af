"""Contexts of Docker builds: the same source, the same bytes; packages come before code."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from plat_builder import image_plan, runtimes
from plat_builder.engines import docker_context
from plat_builder.engines.docker_context import ContextFile
from plat_builder.images.documents import BaseImage
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_core.model.build import BuildOptions

OPTIONS = BuildOptions(name="orders")
NAMES = st.text("abc-./", min_size=1, max_size=20).filter(lambda name: not name.startswith("/"))


BASE = BaseImage(
    "sha256:" + "0" * 64,
    (),
    {
        "architecture": "amd64",
        "config": {"Labels": {"plat.dev/python": "3.13"}},
        "rootfs": {"diff_ids": []},
    },
)
SETTINGS = BuildSettings()


def members(folder: Path, **options: str) -> list[ContextFile]:
    chosen = OPTIONS.model_copy(update=options)
    found = image_plan.read(folder, chosen, RuntimeCatalog(runtimes.find()), SETTINGS)
    plan = image_plan.plan_image(*found, BASE, SETTINGS)
    return docker_context.of_function(plan, "base:1", SETTINGS.network)


def files(made: list[ContextFile]) -> dict[str, bytes]:
    buffer = io.BytesIO()
    docker_context.write(made, buffer)
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as tar:
        return {m.name: (tar.extractfile(m) or io.BytesIO()).read() for m in tar}


def test_a_function_is_packages_then_code(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(request): return 'ok'\n")
    (tmp_path / "requirements.txt").write_text("# ours\nidna==3.10\n")
    found = files(members(tmp_path))
    assert b"idna==3.10\n" in found["packages/requirements.txt"]
    assert found["code/app.py"].startswith(b"def handler")
    recipe = found["Dockerfile"].decode().splitlines()
    assert recipe[0] == "FROM base:1 AS packages"
    last = recipe[len(recipe) - 1 - recipe[::-1].index("FROM base:1") :]
    assert last[1:3] == [
        "COPY --from=packages /plat/packages /plat/packages",
        "COPY --from=code /code /code",
    ]
    assert 'ENV PLAT_SITE="/plat/packages"' in last
    assert not any(line.startswith("USER") for line in last)


def test_without_requirements_nothing_is_installed(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(request): return 'ok'\n")
    assert b"pip install" not in files(members(tmp_path))["Dockerfile"]


def test_times_and_owners_do_not_count_and_content_and_modes_do(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("def handler(request): return 'ok'\n")
    first = docker_context.write(members(tmp_path), io.BytesIO())
    os.utime(file, (1, 1))
    assert docker_context.write(members(tmp_path), io.BytesIO()) == first
    file.chmod(0o755)
    executable = docker_context.write(members(tmp_path), io.BytesIO())
    file.write_text("def handler(request): return 'no'\n")
    assert len({first, executable, docker_context.write(members(tmp_path), io.BytesIO())}) == 3


def test_every_runtimes_context_has_its_dockerfile_and_the_program() -> None:
    catalog = RuntimeCatalog(runtimes.find())
    for runtime in catalog.list():
        paths = {
            member.path for member in docker_context.of_runtime(runtime, catalog, SETTINGS.network)
        }
        assert f"{runtime.name}/Dockerfile" in paths
        assert "plat_runtime/__main__.py" in paths
        assert not any("__pycache__" in path for path in paths)


@given(st.dictionaries(NAMES, st.binary(max_size=100), max_size=8), st.randoms())
def test_the_order_of_members_does_not_count(content: dict[str, bytes], random: object) -> None:
    made = [ContextFile(path, data) for path, data in content.items()]
    mixed = list(made)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert docker_context.write(made, io.BytesIO()) == docker_context.write(mixed, io.BytesIO())


def test_a_named_handler_stands_in_the_image(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(request): return 'ok'\n")
    assert b"PLAT_HANDLER" not in files(members(tmp_path))["Dockerfile"]
    recipe = files(members(tmp_path, handler="app:handler"))["Dockerfile"]
    assert b'ENV PLAT_HANDLER="app:handler"' in recipe
