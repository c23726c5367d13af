"""JSON documents of asynchronous calls."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from plat_core.model.base import Model
from plat_core.model.calls import Call, CallState
from plat_core.model.names import Name
from pydantic import Field


class TroubleView(Model):
    """Why an attempt failed."""

    code: str = Field(description="Error code; `answered`: the function sent an error.")
    message: str


class CallView(Model):
    """The state of an asynchronous call."""

    id: str = Field(description="`X-Call-Id` of each attempt.")
    function: Name
    namespace: Name
    method: str
    path: str = Field(description="Path below the function, with the query.")
    state: CallState
    created: datetime
    attempts: int = Field(description="Number of attempts started.")
    due: datetime | None = Field(None, description="Next attempt, while the call is queued.")
    started: datetime | None = Field(None, description="Start of the last attempt.")
    finished: datetime | None = None
    status: int | None = Field(None, description="Status of the function's response.")
    truncated: bool = Field(False, description="Whether the stored body was cut at its limit.")
    trouble: TroubleView | None = Field(None, description="Why the last failed attempt failed.")

    @classmethod
    def of(cls, call: Call) -> Self:
        """Return the view of a call."""
        failure = call.failure
        return cls(
            id=call.id,
            function=call.ref.name,
            namespace=call.ref.namespace,
            method=call.method,
            path=call.path,
            state=call.state,
            created=call.created,
            attempts=call.attempts,
            due=call.due if call.state == "queued" else None,
            started=call.started,
            finished=call.finished,
            status=call.status,
            truncated=call.truncated,
            trouble=None
            if failure is None
            else TroubleView(code=failure.code, message=failure.message),
        )


class CallList(Model):
    """Calls, newest first."""

    items: tuple[CallView, ...]
