"""Find the language of a source among the modules of this package.

A language is a module beside this one with an instance called `LANGUAGE`. Its file name is the
`language` of a `runtime.json`. Runtimes of any other language get `GenericLanguage`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from plat_core.errors import NotSupported

from plat_builder import languages
from plat_builder.languages.language import GenericLanguage, Language
from plat_builder.runtimes import Runtime, RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_builder.source import SourceFolder, SourceInfo

GENERIC = GenericLanguage()


@cache
def known_languages() -> Mapping[str, Language]:
    """Return all languages by name; the one that accepts any source comes last."""
    found: dict[str, Language] = {}
    for module in pkgutil.iter_modules(languages.__path__):
        loaded = importlib.import_module(f"{languages.__name__}.{module.name}")
        if hasattr(loaded, "LANGUAGE"):
            found[module.name] = loaded.LANGUAGE
    return dict(sorted(found.items(), key=lambda item: (item[1].is_default, item[0])))


def language_of(runtime: Runtime) -> Language:
    """Return the language of `runtime`."""
    return known_languages().get(runtime.description.language, GENERIC)


def examine(
    source: SourceFolder,
    catalog: RuntimeCatalog,
    settings: BuildSettings,
    *,
    embedded: bool = False,
) -> SourceInfo:
    """Return the runtime, handler and requirements of `source`.

    With `embedded`, only languages count that run without an image. Raises BuildFailed,
    InvalidInput for an unknown runtime, and NotSupported for one that needs an image.
    """
    name = source.options.runtime
    if name is None:
        candidates = [c for c in known_languages().values() if c.is_embedded or not embedded]
        language = next(each for each in candidates if each.matches(source))
    else:
        language = language_of(catalog.get(name))
        if embedded and not language.is_embedded:
            raise NotSupported(
                f"the runtime {name} needs an image; the embedded platform runs Python",
                fix="docker compose up --build starts the platform that builds images",
            )
    return language.examine(source, catalog, settings)
