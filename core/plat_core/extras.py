"""Optional dependencies: the extras of the distribution `plat-faas`.

A default install has what `plat up` needs. Docker, Kubernetes and Postgres need libraries that
only their extras bring.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from plat_core.errors import Unavailable
from plat_core.fix import Fix

EXTRAS: Final[Mapping[str, str]] = {
    "aiohttp": "kubernetes",
    "docker": "docker",
    "kopf": "kubernetes",
    "kubernetes": "kubernetes",
    "psycopg": "postgres",
}
"""Top-level module → the extra that installs it."""


@contextmanager
def explain_missing_extra() -> Iterator[None]:
    """Name the extra to install when an import in the body fails for lack of it.

    Raises Unavailable. Any other failing import is a defect, and passes unchanged.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        extra = EXTRAS.get(package)
        if extra is None:
            raise
        raise Unavailable(
            f"the Python package {package} is not installed",
            fix=Fix("install-extra", {"extra": extra}),
        ) from error
