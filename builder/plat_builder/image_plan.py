"""What an image build will do, decided before it writes anything; shared by both image engines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from plat_core.model.build import BuildOptions, Finished

from plat_builder.images.documents import BaseImage
from plat_builder.images.image_names import TAG_HASH, ImageNames, source_tag
from plat_builder.languages.discovery import examine, language_of
from plat_builder.languages.language import Language, LanguagePackages
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_builder.source import SourceFolder, SourceInfo, read_folder

FORMAT = "plat-image-1"
"""Part of every key. Change it to give the same source another image."""
CA_FILE = "plat/ca.pem"
"""Path of the company's certificates in an image, without the leading slash."""
CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """One image. `key` identifies its content, `packages_key` that of its layer of packages."""

    source: SourceFolder
    info: SourceInfo
    source_digest: str
    base: BaseImage
    packages: LanguagePackages | None
    compiler: Path | None
    key: str
    packages_key: str
    instance: str
    has_ca: bool

    @property
    def language(self) -> Language:
        """Language of the runtime."""
        return language_of(self.info.runtime)

    @property
    def summary(self) -> str:
        """One line for the build's log."""
        packages = self.packages.summary if self.packages else "no packages beside the runtime's"
        return self.info.summary(packages)

    @property
    def tag(self) -> str:
        """Tag of the image, by which a build of the same source finds it."""
        return source_tag(self.key)

    @property
    def packages_tag(self) -> str:
        """Tag of the stored layer of packages."""
        return self.packages_key[:TAG_HASH]

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of the image."""
        found = dict(self.packages.environment) if self.packages else {}
        found |= dict.fromkeys(CA_VARIABLES, f"/{CA_FILE}") if self.has_ca else {}
        return found | ({"PLAT_HANDLER": self.info.handler} if self.info.handler else {})

    @property
    def labels(self) -> dict[str, str]:
        """Labels by which local copies of the image are found and removed."""
        return labels(self.source.name, self.instance)

    def finished(self, image_names: ImageNames, digest: str, *, unchanged: bool) -> Finished:
        """Return the build's last event."""
        return Finished(
            image=image_names.image(image_names.function(self.source.name), digest),
            digest=digest.removeprefix("sha256:"),
            runtime=self.info.runtime.name,
            handler=self.info.handler,
            unchanged=unchanged,
        )


def read(
    path: Path, options: BuildOptions, catalog: RuntimeCatalog, settings: BuildSettings
) -> tuple[SourceFolder, SourceInfo]:
    """Read the folder `path`; raises BuildFailed and the errors of a bad `function.json`."""
    source = read_folder(path, options, settings.limits)
    return source, examine(source, catalog, settings)


def plan_image(
    source: SourceFolder, info: SourceInfo, base: BaseImage, settings: BuildSettings
) -> ImagePlan:
    """Return the plan of an image on `base`; raises BuildFailed if packages are unavailable."""
    language = language_of(info.runtime)
    packages = language.packages(source, info, base, settings)
    compiler = language.compiler(base)
    ca, instance = _ca_digest(settings), settings.registry.instance
    packages_key = _hash(base.digest, packages.key) if packages else ""
    source_digest = source.digest()
    key = _hash(
        base.digest,
        packages_key,
        info.runtime.name,
        info.handler,
        source_digest,
        str(compiler),
        sorted(labels(source.name, instance).items()),
        ca,
    )
    return ImagePlan(
        source=source,
        info=info,
        source_digest=source_digest,
        base=base,
        packages=packages,
        compiler=compiler,
        key=key,
        packages_key=packages_key,
        instance=instance,
        has_ca=bool(ca),
    )


def dockerfile_tag(source: SourceFolder, marks: Mapping[str, str]) -> str:
    """Return the tag of an image that the source's own Dockerfile makes."""
    return source_tag(_hash("dockerfile", source.digest(), sorted(marks.items())))


def labels(name: str, instance: str) -> dict[str, str]:
    """Return the labels of all images of the function `name`."""
    return {
        "plat.dev/managed": "true",
        "plat.dev/instance": instance,
        "plat.dev/function": name,
    }


def image_names(settings: BuildSettings) -> ImageNames:
    """Return the names of images; the tag of base images is the version of plat."""
    return ImageNames(settings.registry.name, version("plat-faas"))


def _ca_digest(settings: BuildSettings) -> str:
    """Return the hash of the company's certificates, or "" if there are none."""
    file = settings.network.ca_bundle
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps((FORMAT, *parts), default=list).encode()).hexdigest()
