"""The documents of an image: manifest, index and configuration. Pure functions.

The formats are those of the OCI image specification 1.1; Docker's own, version 2 schema 2, is read
too, because that is what `docker push` sends.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
_DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

MADE_AT = "1970-01-01T00:00:00Z"
"""Creation time of every image: a real time would change the digest of the same source."""
DIFF_ID = "dev.plat.diff-id"
"""Annotation of a stored layer with the digest of its uncompressed tar."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes in a registry: digest (`sha256:…`) and size."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Layer:
    """A compressed layer; `diff_id` is the digest of the tar inside."""

    blob: Blob
    diff_id: str


@dataclass(frozen=True, slots=True)
class BaseImage:
    """An image to build on: its own digest, its layers and its configuration."""

    digest: str
    layers: tuple[Blob, ...]
    config: Mapping[str, Any]

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of the image."""
        return (self.config.get("config") or {}).get("Labels") or {}

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment variables of its containers."""
        pairs = (self.config.get("config") or {}).get("Env") or ()
        return dict(pair.partition("=")[::2] for pair in pairs)

    @property
    def architecture(self) -> str:
        """`amd64`, `arm64`, … as Go names them."""
        return str(self.config.get("architecture", "amd64"))


@dataclass(frozen=True, slots=True)
class ImageAddition:
    """What a function adds to its base image: layers, bottom first, each with a name."""

    layers: Sequence[tuple[Layer, str]]
    environment: Mapping[str, str]
    labels: Mapping[str, str]


def digest_of(data: bytes) -> str:
    """Return `sha256:…` of `data`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def encoded(document: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of a document."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def read_base(manifest: bytes, config: bytes, digest: str) -> BaseImage:
    """Return the base image that these documents describe."""
    layers = json.loads(manifest)["layers"]
    blobs = tuple(Blob(layer["digest"], layer["size"]) for layer in layers)
    return BaseImage(digest, blobs, json.loads(config))


def config(base: BaseImage, addition: ImageAddition) -> bytes:
    """Return the configuration of `base` with `addition`; the same input gives the same bytes."""
    document: Document = copy.deepcopy(dict(base.config))
    for is_ignored in (
        "container",
        "container_config",
        "docker_version",
        "id",
        "moby.buildkit.cache",
    ):
        document.pop(is_ignored, None)
    environment = {**base.environment, **addition.environment}
    document["created"] = MADE_AT
    document["config"] = {
        **(document.get("config") or {}),
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "Labels": {**base.labels, **addition.labels},
    }
    document["rootfs"]["diff_ids"] += [layer.diff_id for layer, _ in addition.layers]
    document["history"] = [
        *document.get("history", ()),
        *({"created": MADE_AT, "created_by": f"plat: {word}"} for _, word in addition.layers),
    ]
    return encoded(document)


def manifest(base: BaseImage, addition: ImageAddition, configuration: Blob) -> bytes:
    """The manifest of an image whose configuration is `configuration`."""
    layers = [*base.layers, *(layer.blob for layer, _ in addition.layers)]
    return encoded(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _descriptor(configuration, CONFIG),
            "layers": [_descriptor(layer, LAYER) for layer in layers],
            "annotations": {"org.opencontainers.image.base.digest": base.digest},
        }
    )


def layer_manifest(layer: Layer, configuration: Blob) -> bytes:
    """Return a manifest that stores one layer in a registry under a tag."""
    return encoded(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _descriptor(configuration, CONFIG),
            "layers": [_descriptor(layer.blob, LAYER)],
            "annotations": {DIFF_ID: layer.diff_id},
        }
    )


def read_layer_manifest(data: bytes) -> Layer:
    """Return the layer that such a manifest stores."""
    document = json.loads(data)
    [found] = document["layers"]
    return Layer(Blob(found["digest"], found["size"]), document["annotations"][DIFF_ID])


def config_of(manifest: bytes) -> str:
    """Return the digest of a manifest's configuration."""
    return str(json.loads(manifest)["config"]["digest"])


def choose(index: bytes, architecture: str) -> str | None:
    """Return the digest of an index's manifest for Linux on `architecture`, or None."""
    for entry in json.loads(index).get("manifests", ()):
        platform = entry.get("platform", {})
        if (platform.get("os"), platform.get("architecture")) == ("linux", architecture):
            return str(entry["digest"])
    return None


def blobs_of(data: bytes) -> Iterable[str]:
    """Return the digests of all blobs of a manifest."""
    document = json.loads(data)
    named = [document.get("config"), *document.get("layers", ())]
    return [entry["digest"] for entry in named if entry]


def _descriptor(blob: Blob, media_type: str) -> Document:
    return {"mediaType": media_type, "digest": blob.digest, "size": blob.size}
