"""Settings of a replica, read once from the environment (CONTRACT.md, "Variables")."""

import math
import os
from collections.abc import Mapping
from typing import NamedTuple

from plat_runtime.faults import Reason, StartError

TERMINATION_LOG = "/dev/termination-log"


class Settings(NamedTuple):
    """The variables of one replica, checked. Times are in seconds."""

    port: int
    socket: str
    code: str
    site: tuple[str, ...]
    handler: str
    timeout: float
    concurrency: int
    workers: int
    target: str
    signature: str
    termination_log: str
    tag_logs: bool
    debugpy: str

    @property
    def bind(self) -> str:
        """Where to listen, in gunicorn's spelling."""
        return f"unix:{self.socket}" if self.socket else f"0.0.0.0:{self.port}"


def read(env: Mapping[str, str]) -> Settings:
    """Read and check the variables; raise StartError (SettingInvalid) for an invalid one."""
    socket = env.get("PLAT_SOCKET", "")
    if len(os.fsencode(socket)) > 107:
        raise StartError(
            Reason.SETTING, f"PLAT_SOCKET is longer than a Unix socket's 107 bytes: {socket}"
        )
    return Settings(
        port=_whole(env, "PORT", 8080, 65535),
        socket=socket,
        code=os.path.abspath(env.get("PLAT_CODE") or os.curdir),
        site=tuple(entry for entry in env.get("PLAT_SITE", "").split(os.pathsep) if entry),
        handler=env.get("PLAT_HANDLER", ""),
        timeout=_seconds(env, "PLAT_TIMEOUT", 30.0),
        concurrency=_whole(env, "PLAT_CONCURRENCY", 20, 1000),
        workers=_whole(env, "PLAT_WORKERS", 1, 64),
        target=env.get("FUNCTION_TARGET", ""),
        signature=env.get("FUNCTION_SIGNATURE_TYPE", ""),
        termination_log=env.get("PLAT_TERMINATION_LOG") or TERMINATION_LOG,
        tag_logs=env.get("PLAT_LOG_TAGS", "") == "1",
        debugpy=env.get("PLAT_DEBUGPY", ""),
    )


def _whole(env: Mapping[str, str], name: str, default: int, highest: int) -> int:
    text = env.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= highest):
        raise StartError(
            Reason.SETTING, f"{name}={text[:40]!r} is not a number from 1 to {highest}"
        )
    return int(text)


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 86400:
        raise StartError(Reason.SETTING, f"{name}={text[:40]!r} is not a number of seconds")
    return value
