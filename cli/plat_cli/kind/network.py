"""Configures certificates, proxies and package indexes of the builder in the cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from plat_core.errors import InvalidInput

from plat_cli.kind.target import KindCluster
from plat_cli.settings import CompanyNetwork

CA_BYTES = 900 * 1024
"""Below the maximum size of a ConfigMap, one mebibyte."""
CA = "plat-ca"
FOLDER = "/etc/plat/ca"
BUILDER = "plat-builder"
REGISTRY_PORT_INSIDE = "localhost,127.0.0.1,.svc,.cluster.local"

Document = dict[str, Any]


def applied(documents: str, target: KindCluster, network: CompanyNetwork) -> str:
    """Return the manifests with the network settings of the builder.

    Raises InvalidInput if the certificates are unreadable or too large.
    """
    variables = _variables(target, network)
    certificates = _certificates(network)
    if not (variables or certificates):
        return documents
    import yaml

    found = [one for one in yaml.safe_load_all(documents) if one]
    for one in found:
        if one["metadata"]["name"] == BUILDER and one["kind"] == "Deployment":
            _configure_builder(one, variables, with_ca=bool(certificates))
        if one["metadata"]["name"] == BUILDER and one["kind"] == "NetworkPolicy":
            one["spec"]["egress"] += _egress_rules(network)
    return "\n---\n".join(map(json.dumps, [*found, *certificates]))


def _variables(target: KindCluster, network: CompanyNetwork) -> dict[str, str]:
    given = {"PLAT_INDEX_URL": network.index_url, "PLAT_NPM_REGISTRY": network.npm_registry}
    if network.proxy:
        inside = ",".join(filter(None, (REGISTRY_PORT_INSIDE, target.registry, network.no_proxy)))
        given |= {"HTTP_PROXY": network.proxy, "HTTPS_PROXY": network.proxy, "NO_PROXY": inside}
    return {name: value for name, value in given.items() if value}


def _certificates(network: CompanyNetwork) -> list[Document]:
    if not network.ca_bundle:
        return []
    try:
        text = Path(network.ca_bundle).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"the certificates {network.ca_bundle} cannot be read: {error}",
            fix="export PLAT_CA_BUNDLE=/path/to/your/company-ca.pem",
            field="PLAT_CA_BUNDLE",
        ) from error
    if len(text) > CA_BYTES:
        raise InvalidInput(
            f"{network.ca_bundle} is larger than {CA_BYTES} bytes",
            fix="export PLAT_CA_BUNDLE=…   (a file with only your company's certificates)",
            field="PLAT_CA_BUNDLE",
        )
    metadata = {"name": CA, "namespace": "plat-system"}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.pem": text}}
    ]


def _configure_builder(deployment: Document, variables: dict[str, str], *, with_ca: bool) -> None:
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    container["env"] += [{"name": name, "value": value} for name, value in variables.items()]
    if with_ca:
        container["env"].append({"name": "PLAT_CA_BUNDLE", "value": f"{FOLDER}/ca.pem"})
        container["volumeMounts"].append({"name": "ca", "mountPath": FOLDER, "readOnly": True})
        pod["volumes"].append({"name": "ca", "configMap": {"name": CA}})


def _egress_rules(network: CompanyNetwork) -> list[Document]:
    """Return egress rules for the ports of the proxy and the indexes, to any address."""
    urls = map(urlsplit, filter(None, (network.proxy, network.index_url, network.npm_registry)))
    ports = {url.port or (443 if url.scheme == "https" else 80) for url in urls}
    return [{"ports": [{"port": port, "protocol": "TCP"}]} for port in sorted(ports)]
