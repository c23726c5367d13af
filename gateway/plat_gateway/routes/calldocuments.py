"""The documents of asynchronous calls."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from plat_core.model.base import Model
from plat_core.model.calls import Call, CallState
from plat_core.model.names import Name
from pydantic import Field


class TroubleView(Model):
    """Why an attempt had no good end."""

    code: str = Field(description="Stable, as in problems; `answered`: the function said so.")
    message: str


class CallView(Model):
    """Where an asynchronous call stands."""

    id: str = Field(description="The `X-Call-Id` of each of its attempts.")
    function: Name
    namespace: Name
    method: str
    path: str = Field(description="Below the function, with its query.")
    state: CallState
    created: datetime
    attempts: int = Field(description="How often it was begun.")
    due: datetime | None = Field(None, description="While it waits: the next attempt.")
    started: datetime | None = Field(None, description="The last attempt.")
    finished: datetime | None = None
    status: int | None = Field(None, description="What the function answered.")
    truncated: bool = Field(False, description="Its body was larger than what is kept of one.")
    trouble: TroubleView | None = Field(None, description="How the last failed attempt ended.")

    @classmethod
    def of(cls, call: Call) -> Self:
        """The view of a call."""
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
    """Calls, the newest first."""

    items: tuple[CallView, ...]
