"""Probes and Prometheus metrics; they need no token."""

from __future__ import annotations

from fastapi import APIRouter, Request
from plat_http.health import Health, ReadinessView, readiness_response
from plat_http.json_documents import json_response
from plat_http.openapi import stream_of
from starlette.responses import Response

from plat_gateway.metrics import CONTENT_TYPE, Metrics
from plat_gateway.routes.inputs import ServicesParam

router = APIRouter(tags=["health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", response_model=Health)
async def get_health() -> Response:
    """Report that the process is alive."""
    return json_response(Health())


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    response_model=ReadinessView,
    responses={503: {"model": ReadinessView, "description": "Not ready; `reasons` explains why."}},
)
async def get_readiness(services: ServicesParam) -> Response:
    """Report whether the platform accepts calls and deployments."""
    return readiness_response(await services.readiness())


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: stream_of("text/plain", "Prometheus text format 0.0.4.", {"type": "string"})},
)
async def get_metrics(request: Request, services: ServicesParam) -> Response:
    """Return the metrics for Prometheus."""
    metrics: Metrics = request.app.state.metrics
    return Response(await metrics.exposition(services), media_type=CONTENT_TYPE)
