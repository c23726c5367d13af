"""Revisions of the test image."""

from __future__ import annotations

from datetime import UTC, datetime

from plat_core.model.function import FunctionSpec
from plat_core.model.names import FunctionRef
from plat_core.ports import Revision

REF = FunctionRef("orders")


def revision(image: str, number: int = 1, ref: FunctionRef = REF, **spec: object) -> Revision:
    """Return a revision of the test image with these fields of the spec."""
    document = FunctionSpec.model_validate({"image": image, **spec})
    return Revision(ref, number, str(document.image), document, datetime.now(UTC))
