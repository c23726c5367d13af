"""The settings of the builder as a service; those of its builds are read beside."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from plat_core.errors import InvalidInput
from plat_core.services.tokens import DEV_TOKEN
from platformdirs import user_state_path

from plat_builder.settings import flag, whole

ENGINES = ("layers", "docker")


@dataclass(frozen=True, slots=True)
class BuilderSettings:
    """How the builder serves, where it is a service of its own."""

    auth_token: str = field(default=DEV_TOKEN, repr=False)
    host: str = "127.0.0.1"
    port: int = 8082
    home: Path = Path("plat")
    engine: str = "layers"
    contained: bool = False
    auth_failures: int = 100

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it; in a container, the compose file says so."""
        return self.contained or self.host in ("localhost", "127.0.0.1", "::1")

    @property
    def is_dev(self) -> bool:
        """A builder that only this machine can reach is a dev set-up."""
        return self.is_loopback


def read(env: Mapping[str, str] = os.environ) -> BuilderSettings:
    """The service's settings; raises InvalidInput naming the variable."""
    engine = env.get("PLAT_BUILD_ENGINE") or "layers"
    if engine not in ENGINES:
        raise InvalidInput(
            f"PLAT_BUILD_ENGINE={engine[:40]!r} is none of {', '.join(ENGINES)}",
            field="PLAT_BUILD_ENGINE",
        )
    return BuilderSettings(
        auth_token=env.get("AUTH_TOKEN", DEV_TOKEN),
        host=env.get("PLAT_HOST") or "127.0.0.1",
        port=whole(env, "PLAT_PORT", 8082, 65_535),
        home=Path(env.get("PLAT_HOME") or user_state_path("plat") / "builder").absolute(),
        engine=engine,
        contained=flag(env, "PLAT_CONTAINED"),
        auth_failures=whole(env, "PLAT_AUTH_FAILURES", 100, 1_000_000),
    )
