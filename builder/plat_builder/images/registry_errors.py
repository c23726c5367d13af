"""Errors of a registry, each with a fix."""

from __future__ import annotations

import json
import re

import httpx
from plat_core.errors import Unavailable
from plat_core.fix import Fix

_FULL = re.compile(r"no space left|\"Err\": ?(28|122)\b|quota", re.IGNORECASE)
_STARTED = "docker compose up --detach registry starts it; PLAT_REGISTRY_URL says where it is"


def away(url: str, error: Exception) -> Unavailable:
    """Return the error of a registry that cannot be reached."""
    cause = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in cause:
        return Unavailable(
            f"the registry {url} has a certificate that is not trusted: {cause}",
            fix="PLAT_CA_BUNDLE names the file with your company's CA",
        )
    if "SSL" in cause or "TLS" in cause:
        return Unavailable(
            f"the registry {url} does not speak TLS: {cause}",
            fix=f"PLAT_REGISTRY_URL={url.replace('https:', 'http:', 1)} if it is meant to",
        )
    return Unavailable(f"the registry {url} does not answer: {cause}", fix=_STARTED)


def refused(url: str, response: httpx.Response, content: bytes) -> Unavailable:
    """Return the error for an error response."""
    status, said = response.status_code, _said(content)
    what = f"{response.request.method} {response.request.url.path}"
    if status == 507 or (status >= 500 and _FULL.search(content.decode(errors="replace"))):
        return Unavailable(
            f"the registry {url} has no room left: {said}",
            fix=Fix("free-registry"),
        )
    if status in (401, 403):
        return Unavailable(
            f"the registry {url} does not let the builder in: {said or status}",
            fix="PLAT_REGISTRY_USER and PLAT_REGISTRY_PASSWORD name an account that may push",
        )
    if status == 405:
        return Unavailable(
            f"the registry {url} does not allow it: {what}",
            fix="a registry:2 needs REGISTRY_STORAGE_DELETE_ENABLED=true",
        )
    if status == 429:
        return Unavailable(f"the registry {url} is asked too often", fix="try again in a minute")
    return Unavailable(
        f"the registry {url} failed: {what}: {status} {said}", fix="docker compose logs registry"
    )


def corrupt(url: str, repository: str, digest: str) -> Unavailable:
    """Return the error for content with the wrong digest."""
    return Unavailable(
        f"the registry {url} gives other bytes than {repository}@{digest}",
        fix="its storage is damaged: push that image again",
    )


def too_large(url: str, limit: int) -> Unavailable:
    """Return the error for a document beyond the limit."""
    return Unavailable(f"the registry {url} sent a document of more than {limit} bytes")


def _said(content: bytes) -> str:
    """The messages of an error document (distribution specification, "Error Codes")."""
    try:
        errors = json.loads(content)["errors"]
        texts = [f"{error.get('code')}: {error.get('message')}" for error in errors[:3]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return re.sub(r"\s+", " ", content[:200].decode(errors="replace")).strip()
    return "; ".join(texts)[:500]
