"""The page of error codes, from `plat_core.errors` and the table of their statuses."""

from __future__ import annotations

from collections.abc import Iterator

from plat_core.errors import PlatError
from plat_http.statuses import status_of

from plat_reference.markdown import document, table

INTRODUCTION = """\
Every error carries one of these codes: as `code` in the API's problem documents
(`application/problem+json`), in the header `X-Plat-Answer` of an answer that the platform itself
gives on `/function/`, and in the CLI's `--json` output. A code never changes its meaning."""


def page() -> str:
    """Return the page: code, HTTP status and meaning of each error, by status."""
    kinds = sorted(_coded(PlatError), key=lambda kind: (status_of(kind.code), kind.code))
    rows = [(f"`{kind.code}`", str(status_of(kind.code)), _summary(kind)) for kind in kinds]
    return document("Error codes", INTRODUCTION, table(["code", "status", "meaning"], rows))


def _coded(kind: type[PlatError]) -> Iterator[type[PlatError]]:
    if "code" in vars(kind):  # a class without its own code is a special case of its base class
        yield kind
    for below in kind.__subclasses__():
        yield from _coded(below)


def _summary(kind: type[PlatError]) -> str:
    if kind is PlatError:
        return "A failure inside plat itself; report it with the call id."
    return (kind.__doc__ or "").strip().split("\n\n")[0]
