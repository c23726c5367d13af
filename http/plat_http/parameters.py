"""Parameters that routes of several services share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query
from plat_core.errors import InvalidInput
from plat_core.model.amounts import duration_seconds
from plat_core.model.names import DEFAULT_NAMESPACE, FunctionRef, Name

Namespace = Annotated[Name, Query(description="The namespace.")]


async def _function_ref(
    name: Annotated[Name, Path(description="The function's name.", examples=["orders"])],
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> FunctionRef:
    return FunctionRef(name, namespace)


Ref = Annotated[FunctionRef, Depends(_function_ref)]


def parse_seconds(value: str, *, field: str, limit: float) -> float:
    """Return the seconds of a duration, at most `limit`; raise InvalidInput."""
    try:
        return min(duration_seconds(value), limit)
    except ValueError as error:
        raise InvalidInput(str(error), field=field) from None
