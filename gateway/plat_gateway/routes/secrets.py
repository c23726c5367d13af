"""Secrets. Values can be written but never read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from plat_core.errors import SecretNotFound
from plat_core.fix import Fix
from plat_core.model.names import DEFAULT_NAMESPACE, Name
from plat_core.ports import SecretStore
from plat_http.json_documents import json_response
from plat_http.openapi import json_body, problems
from plat_http.parameters import Namespace
from starlette.responses import Response

from plat_gateway.routes.documents import SecretList, SecretValues, SecretView
from plat_gateway.routes.inputs import ServicesParam, read_document

router = APIRouter(tags=["secrets"], responses=problems(422))


async def _secrets(services: ServicesParam) -> SecretStore:
    return services.secrets


Secrets = Annotated[SecretStore, Depends(_secrets)]
SecretName = Annotated[
    Name, Path(alias="name", description="The secret's name.", examples=["database"])
]


@router.get("/secrets", response_model=SecretList)
async def list_secrets(secrets: Secrets, namespace: Namespace = DEFAULT_NAMESPACE) -> Response:
    """List the secrets of a namespace: their names and keys, never their values."""
    found = await secrets.list(namespace)
    views = [_view(namespace, name, tuple(keys)) for name, keys in found.items()]
    return json_response(SecretList(items=tuple(views)))


@router.get("/secrets/{name}", response_model=SecretView, responses=problems(404))
async def get_secret(
    name: SecretName, secrets: Secrets, namespace: Namespace = DEFAULT_NAMESPACE
) -> Response:
    """Read the keys of a secret, never its values."""
    # do not load the values: not every backend allows the gateway to read them
    found = await secrets.list(namespace)
    if name not in found:
        raise SecretNotFound(f"secret {name} does not exist", fix=Fix("set-secret", {"name": name}))
    return json_response(_view(namespace, name, tuple(found[name])))


@router.put(
    "/secrets/{name}",
    response_model=SecretView,
    responses=problems(415),
    openapi_extra=json_body(SecretValues, {"values": {"url": "postgres://…"}}),
)
async def put_secret(
    request: Request,
    name: SecretName,
    secrets: Secrets,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> Response:
    """Create or replace a secret."""
    values = (await read_document(request, SecretValues)).values
    await secrets.put(namespace, name, values)
    return json_response(_view(namespace, name, tuple(sorted(values))))


@router.delete("/secrets/{name}", status_code=204, responses=problems(404))
async def delete_secret(
    name: SecretName, secrets: Secrets, namespace: Namespace = DEFAULT_NAMESPACE
) -> Response:
    """Delete a secret; functions that use it report that in a condition."""
    await secrets.delete(namespace, name)
    return Response(status_code=204)


def _view(namespace: str, name: str, keys: tuple[str, ...]) -> SecretView:
    return SecretView(name=name, namespace=namespace, keys=keys)
