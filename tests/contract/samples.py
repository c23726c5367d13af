"""Functions and revisions to store and run."""

from __future__ import annotations

from datetime import UTC, datetime

from plat_core.model.function import Function, FunctionSpec, Metadata
from plat_core.model.names import FunctionRef
from plat_core.ports import Revision

REF = FunctionRef("orders")
OTHER = FunctionRef("orders", "team")


def image(digit: str) -> str:
    return "embedded/orders@sha256:" + digit * 64


IMAGE = image("a")


def function(ref: FunctionRef = REF, *, image: str = IMAGE, **metadata: object) -> Function:
    fields = {"name": ref.name, "namespace": ref.namespace, **metadata}
    return Function(metadata=Metadata.model_validate(fields), spec=FunctionSpec(image=image))


def revision(number: int, ref: FunctionRef = REF, **spec: object) -> Revision:
    document = {"image": IMAGE, **spec}
    created = datetime(2026, 1, 2, tzinfo=UTC)
    return Revision(
        *(ref, number, IMAGE, FunctionSpec.model_validate(document), created),
        source="0" * 64,
        commit="c" * 40,
    )
