"""What an image build is going to do, decided before it does anything: for both image engines."""

from __future__ import annotations

import hashlib
import json
import platform
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from plat_core.errors import BuildFailed, Unavailable
from plat_core.fix import Fix
from plat_core.model.build import BuildOptions, Finished

from plat_builder import pack
from plat_builder.images import documents
from plat_builder.images.documents import BaseImage
from plat_builder.images.image_names import TAG_HASH, ImageNames, source_tag
from plat_builder.images.registry import Registry
from plat_builder.languages.language import Language, LanguagePackages
from plat_builder.languages.node import Node
from plat_builder.languages.plain import GenericLanguage
from plat_builder.languages.python import Python
from plat_builder.runtimes import Runtime, RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_builder.source import SourceInfo, manifest_of, merged

_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}
MACHINE = _NAMES.get(platform.machine(), platform.machine())
"""The architecture of the nodes, in the words of images: that of this machine."""
FORMAT = "plat-image-1"
"""Changes when the same source is to give another image."""
LANGUAGES: Mapping[str, Language] = {"node": Node(), "python": Python()}
"""By the name in a `runtime.json`. The last one fits any source."""
GENERIC = GenericLanguage()
"""Any other one."""
CA_FILE = "plat/ca.pem"
"""Where the company's certificates are in an image, without the leading slash."""
CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
BASES = 50
"""Base images whose documents are remembered."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a source is, before its base image is known; `total` is the hash of its content."""

    name: str
    source: Path
    findings: SourceInfo
    entries: tuple[pack.SourceFile, ...]
    total: str

    @property
    def language(self) -> Language:
        """The language of its runtime."""
        return LANGUAGES.get(self.findings.runtime.description.language, GENERIC)


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """One image. `key` decides what is in it, `packages_key` what is in its layer of packages."""

    draft: Draft
    base: BaseImage
    packages: LanguagePackages | None
    compiler: Path | None
    key: str
    packages_key: str
    instance: str
    has_ca: bool

    @property
    def summary(self) -> str:
        """The findings as a line of the build's log."""
        found = self.draft.findings
        asks = self.packages.summary if self.packages else "no packages beside the runtime's"
        handler = found.handler or f"found by its shape in {found.module}"
        return f"runtime {found.runtime.name} ({found.why}), handler {handler}, {asks}"

    @property
    def tag(self) -> str:
        """Where the image of this very source is found again."""
        return source_tag(self.key)

    @property
    def packages_tag(self) -> str:
        """Where the layer of packages is found again."""
        return self.packages_key[:TAG_HASH]

    @property
    def environment(self) -> dict[str, str]:
        """The image's own variables."""
        handler = self.draft.findings.handler
        found = dict(self.packages.environment) if self.packages else {}
        found |= dict.fromkeys(CA_VARIABLES, f"/{CA_FILE}") if self.has_ca else {}
        return found | ({"PLAT_HANDLER": handler} if handler else {})

    @property
    def labels(self) -> dict[str, str]:
        """By these, local copies of the image are found and removed."""
        return labels(self.draft.name, self.instance)

    def finished(self, image_names: ImageNames, digest: str, *, unchanged: bool) -> Finished:
        """The build's last event."""
        found = self.draft.findings
        return Finished(
            image=image_names.image(image_names.function(self.draft.name), digest),
            digest=digest.removeprefix("sha256:"),
            runtime=found.runtime.name,
            handler=found.handler,
            unchanged=unchanged,
        )


def draw(
    source: Path, options: BuildOptions, catalog: RuntimeCatalog, settings: BuildSettings
) -> Draft:
    """Read the folder `source`; raises BuildFailed and what a bad `function.json` raises."""
    if not source.is_dir():
        raise BuildFailed(f"there is no folder {source}")
    entries = pack.list_files(source, settings.limits)
    if not entries:
        raise BuildFailed("the folder is empty", fix=Fix("init-function"))
    findings = _language(source, entries, options, catalog).examine(
        source, entries, options, catalog, settings
    )
    return Draft(options.name, source, findings, entries, total(source, entries))


def _language(
    source: Path,
    entries: tuple[pack.SourceFile, ...],
    options: BuildOptions,
    catalog: RuntimeCatalog,
) -> Language:
    """That of the runtime that was named, else the first one that fits."""
    runtime = merged(options, manifest_of(source)).runtime
    if runtime is None:
        paths = {entry.path for entry in entries}
        return next(language for language in LANGUAGES.values() if language.fits(paths))
    return LANGUAGES.get(catalog.get(runtime).description.language, GENERIC)


def total(folder: Path, entries: tuple[pack.SourceFile, ...]) -> str:
    """The hash of names, modes and content of these files."""
    found = hashlib.sha256()
    for line in pack.fingerprint(folder, entries):
        found.update(line)
    return found.hexdigest()


def complete(draft: Draft, base: BaseImage, settings: BuildSettings) -> ImagePlan:
    """Decide all the rest; raises BuildFailed where the source asks for what cannot be had."""
    language, findings = draft.language, draft.findings
    packages = language.packages(draft.source, findings, base, settings)
    compiler = language.compiler(base)
    ca = _ca(settings)
    packages_key = _hash(base.digest, packages.key) if packages else ""
    key = _hash(
        base.digest,
        packages_key,
        findings.runtime.name,
        findings.handler,
        draft.total,
        str(compiler),
        sorted(labels(draft.name, settings.registry.instance).items()),
        ca,
    )
    instance = settings.registry.instance
    return ImagePlan(draft, base, packages, compiler, key, packages_key, instance, bool(ca))


def own_tag(folder: Path, entries: tuple[pack.SourceFile, ...], marks: Mapping[str, str]) -> str:
    """The tag of an image that the Dockerfile of the source makes."""
    return source_tag(_hash("dockerfile", total(folder, entries), sorted(marks.items())))


def labels(name: str, instance: str) -> dict[str, str]:
    """What the images of the function `name` are marked with."""
    return {
        "plat.dev/managed": "true",
        "plat.dev/instance": instance,
        "plat.dev/function": name,
    }


def _ca(settings: BuildSettings) -> str:
    """The hash of the company's certificates, "" where it has none of its own."""
    file = settings.network.ca_bundle
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps((FORMAT, *parts), default=list).encode()).hexdigest()


class BaseImages:
    """The base images of runtimes, as a registry has them now."""

    def __init__(self, registry: Registry, image_names: ImageNames) -> None:
        self._registry = registry
        self._names = image_names
        self._known: OrderedDict[str, BaseImage] = OrderedDict()

    async def has(self, runtime: Runtime) -> bool:
        """Whether the base image of `runtime` is in the registry."""
        repository, tag = self._names.runtime(runtime.name), self._names.version
        return await self._registry.digest(repository, tag) is not None

    async def get(self, runtime: Runtime) -> BaseImage:
        """The base image of `runtime`; raises Unavailable where nobody pushed it."""
        repository, tag = self._names.runtime(runtime.name), self._names.version
        digest = await self._registry.digest(repository, tag)
        if digest is None:
            raise Unavailable(
                f"there is no base image {self._names.image(repository, tag)}",
                fix="docker compose up runtimes pushes it; without compose: "
                f"PLAT_REGISTRY={self._names.name} hack/build-runtimes",
            )
        if digest not in self._known:
            self._known[digest] = await self._read(repository, digest)
            while len(self._known) > BASES:
                self._known.popitem(last=False)
        return self._known[digest]

    async def _read(self, repository: str, digest: str) -> BaseImage:
        manifest, media_type = await self._manifest(repository, digest)
        if media_type in (documents.INDEX, documents.DOCKER_INDEX):
            chosen = documents.choose(manifest, MACHINE)
            if chosen is None:
                raise Unavailable(
                    f"{self._names.image(repository, digest)} has no image for {MACHINE}",
                    fix="hack/build-runtimes on such a machine pushes one",
                )
            manifest, _ = await self._manifest(repository, chosen)
        config = await self._registry.document(repository, documents.config_of(manifest))
        return documents.read_base(manifest, config, digest)

    async def _manifest(self, repository: str, digest: str) -> tuple[bytes, str]:
        found = await self._registry.manifest(repository, digest)
        if found is None:
            raise Unavailable(
                f"the registry lost {self._names.image(repository, digest)}",
                fix="hack/build-runtimes pushes it again",
            )
        return found


def image_names(settings: BuildSettings) -> ImageNames:
    """Where the images of these settings are; base images have the version of plat as tag."""
    return ImageNames(settings.registry.name, version("plat-faas"))
