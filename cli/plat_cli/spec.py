"""Builds the spec of a deploy from `function.json` and the flags. Flags win."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plat_core.errors import InvalidInput

ENV_FILE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SpecOverrides:
    """Flags of `plat deploy` that change the spec; None if not given."""

    runtime: str | None = None
    handler: str | None = None
    timeout: str | None = None
    concurrency: int | None = None
    access: str | None = None
    scale_min: int | None = None
    scale_max: int | None = None
    debug: int | None = None
    """Port of the debugger, set by `plat dev --debug`."""
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


def merge(
    settings: Mapping[str, Any],
    overrides: SpecOverrides,
    built: Mapping[str, Any],
    stored: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the spec to store.

    `built` is the last event of the build, with the detected runtime and handler. `stored` is the
    current spec: a flag changes only part of its scale. The platform keeps the current scale if
    the new spec has none, so a deploy does not undo `plat scale`.
    """
    spec = dict(settings)
    for key in ("runtime", "handler", "timeout", "concurrency", "access", "debug"):
        if (value := getattr(overrides, key)) is not None:
            spec[key] = value
    spec |= {key: built[key] for key in ("image", "runtime", "handler") if built.get(key)}
    bounds = {"min": overrides.scale_min, "max": overrides.scale_max}
    if given := {key: value for key, value in bounds.items() if value is not None}:
        spec["scale"] = {**spec.get("scale", stored.get("scale", {})), **given}
    if "env" in spec or overrides.env:
        spec["env"] = _variables(spec.get("env", []), overrides.env)
    if overrides.secrets:
        spec["secrets"] = list(dict.fromkeys([*spec.get("secrets", []), *overrides.secrets]))
    return spec


def changes(stored: Mapping[str, Any], desired: Mapping[str, Any]) -> list[str]:
    """List the changed fields of the spec, one line each, without values of variables."""
    found = []
    for key in sorted(set(desired) | set(DEFAULTS)):
        before, after = stored.get(key, DEFAULTS.get(key)), desired.get(key, DEFAULTS.get(key))
        if key in ("image", "source") or before == after or after is None:
            continue
        if key == "env":
            found += _env_changes(before or [], after)
        elif isinstance(after, dict):
            found += _nested_changes(key, before or {}, after)
        else:
            found.append(f"{key} {_shown(before)} → {_shown(after)}")
    return found


DEFAULTS: dict[str, Any] = {
    "timeout": "30s",
    "concurrency": 20,
    "access": "token",
    "env": [],
    "secrets": [],
    "suspend": False,
}
"""Defaults of the compared fields. A test checks that they match the model."""


def variables(pairs: Iterable[str], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Parse `K=V` pairs. `K` alone takes its value from this shell."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name:
            raise InvalidInput(f"--env {pair!r} has no name", fix="--env NAME=VALUE", field="env")
        if not equals and name not in environ:
            raise InvalidInput(
                f"--env {name} has no value, and {name} is not set in this shell",
                fix=f"--env {name}=VALUE",
                field=f"env.{name}",
            )
        found[name] = value if equals else environ[name]
    return found


def env_file(path: Path) -> dict[str, str]:
    """Read a file of `NAME=VALUE` lines, with `#` comments and optional quotes."""
    try:
        data = path.read_bytes()
        text = data.decode()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 text") from error
    if len(data) > ENV_FILE_BYTES:
        raise InvalidInput(f"{path} has more than {ENV_FILE_BYTES} bytes")
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        content = line.strip().removeprefix("export ").strip()
        if not content or content.startswith("#"):
            continue
        name, equals, value = content.partition("=")
        if not equals:
            raise InvalidInput(f"{path}:{number}: expected NAME=VALUE, got {content[:40]!r}")
        found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value


def _variables(written: object, given: Mapping[str, str]) -> object:
    if isinstance(written, dict):
        written = [{"name": name, "value": value} for name, value in written.items()]
    if not isinstance(written, list):
        return written
    kept = [e for e in written if not (isinstance(e, dict) and e.get("name") in given)]
    return kept + [{"name": name, "value": value} for name, value in given.items()]


def _env_changes(before: list[Any], after: object) -> list[str]:
    old = {entry["name"]: entry for entry in before}
    entries = after if isinstance(after, list) else []
    new = {entry["name"]: entry for entry in entries if isinstance(entry, dict) and "name" in entry}
    marks = [f"-{name}" for name in old if name not in new]
    marks += [f"+{name}" for name in new if name not in old]
    marks += [f"~{name}" for name in new if name in old and new[name] != old[name]]
    return [f"env {' '.join(marks)}"] if marks else []


def _nested_changes(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [
        f"{key}.{name} {_shown(before.get(name))} → {_shown(value)}"
        for name, value in after.items()
        if before.get(name, value) != value
    ]


def _shown(value: object) -> str:
    return "-" if value in (None, [], {}) else str(value)
