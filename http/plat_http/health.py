"""Documents of the probe endpoints `/healthz` and `/readyz`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from plat_core.model.base import Model
from starlette.responses import Response

from plat_http.json_documents import json_response


class Health(Model):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class ReadinessView(Model):
    """Whether the service accepts requests; `reasons` explains for each part why not."""

    status: Literal["ready", "starting"]
    reasons: Mapping[str, str] = {}


def readiness_response(reasons: Mapping[str, str]) -> Response:
    """Return 200 without reasons, and 503 with them."""
    if reasons:
        return json_response(ReadinessView(status="starting", reasons=reasons), 503)
    return json_response(ReadinessView(status="ready"))
