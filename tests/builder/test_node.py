"""Sources for Node: what they are found to be, and what is refused before npm sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from plat_builder import image_plan, runtimes
from plat_builder.image_plan import ImagePlan
from plat_builder.images.documents import BaseImage
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_core.errors import BuildFailed, InvalidInput, PlatError, TooLarge
from plat_core.model.build import BuildOptions

Folder = Callable[..., Path]
BASE = BaseImage("sha256:" + "0" * 64, (), {"architecture": "amd64", "rootfs": {"diff_ids": []}})
HANDLER = "export const handler = () => 'hello';\n"
SETTINGS = BuildSettings()


def plan(source: Path, settings: BuildSettings = SETTINGS, **options: str) -> ImagePlan:
    chosen = BuildOptions.model_validate({"name": "fn", **options})
    found = image_plan.read(source, chosen, RuntimeCatalog(runtimes.find()), settings)
    return image_plan.plan_image(*found, BASE, settings)


def manifest(**dependencies: object) -> str:
    return json.dumps({"type": "module", "dependencies": dependencies})


@pytest.mark.parametrize(
    ("files", "module"),
    [
        ({"index.mjs": HANDLER}, "index"),
        ({"app.js": HANDLER, "package.json": "{}"}, "app"),
        ({"handler.cjs": HANDLER, "other.mjs": ""}, "handler"),
    ],
)
def test_javascript_without_python_is_node(
    folder: Folder, files: dict[str, str], module: str
) -> None:
    found = plan(folder(files)).info
    assert (found.runtime.name, found.module, found.handler) == ("node", module, None)


def test_a_page_beside_a_python_app_stays_python(folder: Folder) -> None:
    source = folder({"app.py": "def handler(request): ...\n", "index.js": "alert(1)"})
    found = image_plan.read(
        source, BuildOptions(name="fn"), RuntimeCatalog(runtimes.find()), SETTINGS
    )
    assert found[1].runtime.name == "python"


@pytest.mark.parametrize("handler", ["lib/tasks:work", "tasks:work", "tasks.work", "tasks"])
def test_a_named_handler_leads_to_its_module(folder: Folder, handler: str) -> None:
    source = folder({"tasks.mjs": HANDLER, "lib/tasks.mjs": HANDLER})
    try:
        options = BuildOptions(name="fn", runtime="node", handler=handler)
    except ValueError:
        pytest.skip("not of the form that the platform takes")
    found = plan(source, **options.document()).info
    assert found.module == handler.partition(":")[0].removesuffix(".work")


def test_a_handler_without_its_file_is_named(folder: Folder) -> None:
    with pytest.raises(BuildFailed, match=r"app\.mjs; there are index\.mjs"):
        plan(folder({"index.mjs": HANDLER}), runtime="node", handler="app:main")


def test_packages_are_counted_and_keyed_by_what_is_asked(folder: Folder) -> None:
    none = plan(folder({"index.mjs": HANDLER, "package.json": "{}"}))
    one = plan(folder({"index.mjs": HANDLER, "package.json": manifest(ms="^2.1.3")}))
    other = plan(folder({"index.mjs": HANDLER, "package.json": manifest(ms="2.1.2")}))
    edited = plan(folder({"index.mjs": HANDLER + "//", "package.json": manifest(ms="^2.1.3")}))
    assert none.packages is None
    assert "1 package without a package-lock.json" in one.summary
    assert one.packages_key != other.packages_key
    assert one.packages_key == edited.packages_key
    assert one.key != edited.key


@pytest.mark.parametrize(
    "version",
    [
        *("https://example.org/x.tgz", "git+https://example.org/x", "git@example.org:a/b.git"),
        *("file:../x", "link:../x", "../x", "owner/name", "owner/name#main"),
        *(r"..\x", "GIT+ssh://a@b/c"),
    ],
)
def test_a_dependency_from_elsewhere_is_refused_with_its_line(folder: Folder, version: str) -> None:
    source = folder({"index.mjs": HANDLER, "package.json": manifest(evil=version)})
    with pytest.raises(BuildFailed, match="another host or file") as caught:
        plan(source)
    assert '"evil"' in caught.value.line
    allowed = plan(source, replace(SETTINGS, other_sources=True))
    assert allowed.packages is not None


@pytest.mark.parametrize("version", ["^1.2.3", "1.x || >=2", "latest", "npm:@scope/other@^1", "*"])
def test_ranges_tags_and_aliases_pass(folder: Folder, version: str) -> None:
    source = folder({"index.mjs": HANDLER, "package.json": manifest(fine=version)})
    assert plan(source).packages is not None


@pytest.mark.parametrize(
    "entry",
    [
        {"resolved": "git+ssh://git@example.org/a.git"},
        {"resolved": "file:../a"},
        {"resolved": "../a", "link": True},
        {"resolved": "http://example.org/a.tgz"},
        "no object",
    ],
)
def test_a_lock_that_leads_elsewhere_is_refused(folder: Folder, entry: object) -> None:
    lock = json.dumps({"lockfileVersion": 3, "packages": {"node_modules/a": entry}})
    source = folder(
        {"index.mjs": HANDLER, "package.json": manifest(a="1"), "package-lock.json": lock}
    )
    with pytest.raises(BuildFailed, match="another host or file"):
        plan(source)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", PlatError),
        ("[]", BuildFailed),
        ('{"dependencies": ["a"]}', BuildFailed),
        ('{"dependencies": {"a": 1}}', BuildFailed),
        ('{"a": 1, "a": 2}', PlatError),
        (f'{{"a": "{"x" * 300_000}"}}', TooLarge),
    ],
)
def test_a_broken_package_json_is_refused(
    folder: Folder, text: str, error: type[PlatError]
) -> None:
    with pytest.raises(error):
        plan(folder({"index.mjs": HANDLER, "package.json": text}))


def test_npms_words_name_the_guilty_dependency(folder: Folder) -> None:
    source = folder({"index.mjs": HANDLER, "package.json": manifest(ms="^2", leftpadd="9")})
    packages = plan(source).packages
    assert packages is not None
    output = [
        "npm error code ETARGET",
        "npm error notarget No matching version found for leftpadd@9.",
    ]
    error = packages.explain(output, 1)
    assert error.line == 'package.json: "leftpadd": "9"'
    assert "npm error" not in error.message
    away = packages.explain(["npm error code ENOTFOUND"], 1)
    assert "PLAT_NPM_REGISTRY" in away.fix


def test_a_language_that_nobody_knows_is_files_and_nothing_else(
    folder: Folder, tmp_path: Path
) -> None:
    catalog = tmp_path / "runtimes"
    (catalog / "awk").mkdir(parents=True)
    about = {"name": "awk", "language": "awk", "description": "Awk.", "handler": "main"}
    (catalog / "awk/runtime.json").write_text(json.dumps(about))
    source = folder({"main.awk": "BEGIN {}", "function.json": '{"runtime": "awk"}'})
    found = image_plan.read(source, BuildOptions(name="fn"), RuntimeCatalog(catalog), SETTINGS)
    made = image_plan.plan_image(*found, BASE, SETTINGS)
    assert (made.packages, made.compiler) == (None, None)
    assert made.environment["PLAT_HANDLER"] == "main"
    with pytest.raises(InvalidInput, match="no runtime called sed"):
        options = BuildOptions(name="fn", runtime="sed")
        image_plan.read(source, options, RuntimeCatalog(catalog), SETTINGS)
