"""Names of functions, namespaces and secrets, as a pydantic type.

`refs` has the rule itself.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from plat_core.model.refs import (
    DEFAULT_NAMESPACE,
    NAME_LENGTH,
    NAME_PATTERN,
    NAME_RULE,
    FunctionRef,
    SecretRef,
    check_name,
)

__all__ = [
    "DEFAULT_NAMESPACE",
    "NAME_LENGTH",
    "NAME_PATTERN",
    "NAME_RULE",
    "FunctionRef",
    "Name",
    "SecretRef",
    "check_name",
]

Name = Annotated[
    str,
    AfterValidator(check_name),
    Field(json_schema_extra={"pattern": NAME_PATTERN, "minLength": 1, "maxLength": NAME_LENGTH}),
]
