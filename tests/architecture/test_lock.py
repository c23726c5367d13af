"""The lock file of the services' images matches pyproject.toml, with a hash for each package."""

import re
import tomllib
from itertools import chain

from packaging.requirements import Requirement

from tests.architecture.repository import ROOT

NOT_IN_IMAGES = {"watchfiles"}
"""Only `plat dev` watches files."""

LOCKED = re.compile(
    r"^([a-z0-9-]+)==([^ ;]+)[^\\\n]*\\\n +--hash=sha256:[0-9a-f]{64}", re.MULTILINE
)


def test_the_lock_satisfies_every_dependency() -> None:
    locked = dict(LOCKED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8")))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = chain.from_iterable(project["optional-dependencies"].values())
    wanted = [Requirement(text) for text in (*project["dependencies"], *extras)]
    stale = [
        str(requirement)
        for requirement in wanted
        if requirement.name not in NOT_IN_IMAGES
        and not requirement.specifier.contains(locked.get(requirement.name, "0"), prereleases=True)
    ]
    assert stale == []
