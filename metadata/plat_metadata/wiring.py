"""The composition root of the Metadata Service, and its only module that imports a backend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI
from plat_backends.remote import ControllerApi, RemoteFunctionStore
from plat_core.services.background import background
from plat_core.services.tokens import TokenGuard

from plat_metadata.app import create_app
from plat_metadata.catalogue import RESYNC_SECONDS, Catalogue
from plat_metadata.settings import MetadataSettings


@asynccontextmanager
async def service(settings: MetadataSettings) -> AsyncIterator[FastAPI]:
    """Run the application over a catalogue that follows the function controller."""
    api = ControllerApi(settings.controller_url, settings.auth_token)

    catalogue = Catalogue(
        RemoteFunctionStore(api),
        url=lambda ref: ref.url_at(settings.gateway_url),
        now=lambda: datetime.now(UTC),
        resync=RESYNC_SECONDS,
    )
    guard = TokenGuard(
        settings.auth_token, viewer=settings.viewer_token, failures=settings.auth_failures
    )
    try:
        async with background(catalogue.run()):
            yield create_app(catalogue, guard, settings)
    finally:
        await api.close()
