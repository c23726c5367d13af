"""One commit of a git repository, as a zip: no history, no submodules, no hooks, no filters.

Nothing of it is ever checked out. git runs as the programs of builds do: with a deadline, a bound
on its files, and none of the platform's environment.
"""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path

from plat_core.errors import BuildFailed, Unavailable
from plat_core.model.build import LogLine
from plat_core.model.source import GitSource

from plat_builder.installer import folder_size
from plat_builder.process import SandboxCommand, SandboxProcess, base_python
from plat_builder.settings import MIB, BuildSettings

PATH = "/usr/local/bin:/usr/bin:/bin"
ErrorFactory = Callable[[Sequence[str]], BuildFailed]
"""What a failed run means, from what it printed."""

_OPTIONS = (
    *("-c", "core.hooksPath=/dev/null", "-c", "protocol.version=2", "-c", "gc.auto=0"),
    *("-c", "fetch.fsckObjects=true", "-c", "fetch.recurseSubmodules=no"),
    *("-c", "safe.directory=*", "-c", "advice.detachedHead=false"),
    # a server that says nothing is left, as `download` leaves it
    *("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=30"),
)
_SECRETIVE = re.compile(r"could not read (Username|Password)|terminal prompts disabled")
_AWAY = re.compile(
    r"could ?n[o']t (resolve|connect)|failed to connect|connection (refused|reset|closed)|"
    r"timed out|too slow|no route to host|network is unreachable|temporary failure|early eof|"
    r"(returned error:|tunnel failed, response|http code) (429|5\d\d)",
    re.IGNORECASE,
)
"""What curl and ssh, whose words these are, say of a host that may answer later."""
_ABSENT = re.compile(r"couldn't find remote ref|not our ref|no such remote ref", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


async def fetch(
    source: GitSource, into: Path, slot: Path, settings: BuildSettings, deadline: float
) -> AsyncGenerator[LogLine | str, None]:
    """Write the folder that `source` names to the zip `into`; the last item is the commit.

    Raises BuildFailed in the words of the source, Unavailable where there is no git here.
    """
    git = shutil.which("git", path=PATH)
    if git is None:
        raise Unavailable(
            "there is no git where the builder runs", fix="install git, or deploy the folder itself"
        )
    work = _GitRepository(git, slot / "repository", settings, deadline)
    await work.run("init", "--quiet", "--bare", "--template=", ".")
    yield LogLine(text=f"git fetch {source.url} {source.ref}")
    said = await work.run(
        *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-commit-graph"),
        *("--", source.url, source.ref),
        trouble=lambda said: _not_fetched(source, said),
    )
    for text in said:
        yield LogLine(text=text)
    [commit] = await work.run("rev-parse", "--verify", "FETCH_HEAD^{commit}")
    if not _COMMIT.fullmatch(commit):
        raise BuildFailed(f"git says {commit[:80]!r} where a commit was asked for")
    tree = f"{commit}:{source.path}" if source.path else commit
    await work.run(
        *("archive", "--format=zip", "-1", f"--output={into}", tree),
        trouble=lambda said: _no_folder(source, commit, said),
    )
    yield commit


class _GitRepository:
    """Runs of git in one bare repository of their own."""

    def __init__(self, git: str, folder: Path, settings: BuildSettings, deadline: float) -> None:
        self._git, self._folder = git, folder
        self._settings, self._deadline = settings, deadline
        folder.mkdir()

    async def run(self, *words: str, trouble: ErrorFactory | None = None) -> Sequence[str]:
        """What git prints; raises what `trouble` makes of it where it fails."""
        command = SandboxCommand(
            program=[self._git, *_OPTIONS, *words],
            environment=environment(self._settings, self._folder),
            folder=self._folder,
            python=base_python(),
            deadline=self._deadline,
            file_size=self._settings.limits.upload,
            memory=self._settings.memory,
            mark=self._folder.parent.name,
        )
        async with (
            SandboxProcess(command, self._check) as program,
            aclosing(program.lines()) as lines,
        ):
            said = [line async for line in lines]
        await self._check()
        if program.code != 0:
            raise (trouble or _odd)(said)
        return said

    async def _check(self) -> None:
        limit = self._settings.limits.upload
        if await asyncio.to_thread(folder_size, self._folder, limit) > limit:
            raise BuildFailed(
                f"one commit of the repository takes more than {limit // MIB} MiB",
                fix="deploy from a smaller repository; who runs the platform may raise "
                "PLAT_UPLOAD_SIZE",
            )


def environment(settings: BuildSettings, home: Path) -> dict[str, str]:
    """All that git gets to see."""
    network, sources = settings.network, settings.sources
    found = {
        "PATH": PATH,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "GIT_ALLOW_PROTOCOL": ":".join(sources.schemes),
        "GIT_SSH_COMMAND": _ssh(sources.ssh),
        **network.proxies,
        **{name.lower(): value for name, value in network.proxies.items()},
    }
    return found | ({"GIT_SSL_CAINFO": network.ca_bundle} if network.ca_bundle else {})


def _ssh(folder: Path | None) -> str:
    """ssh that asks nothing, and knows the hosts that it was told of."""
    options = ["BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=10"]
    if folder is not None:
        known, key = folder / "known_hosts", folder / "ssh-privatekey"
        options += [f"UserKnownHostsFile={known}", f"IdentityFile={key}", "IdentitiesOnly=yes"]
    return shlex.join(["ssh", "-F", "/dev/null", *(f"-o{option}" for option in options)])


def _not_fetched(source: GitSource, said: Sequence[str]) -> BuildFailed:
    text = _shortened(said)
    if _SECRETIVE.search(text):
        return BuildFailed(
            f"{source.url} is not there, or not for everybody",
            fix="correct source.git.url; a private repository is read by ssh with a deploy key",
            line=f"source.git.url: {source.url}",
        )
    if _ABSENT.search(text):
        return BuildFailed(
            f"{source.url} has no {source.ref}",
            fix="name a branch, a tag or a whole commit",
            line=f"source.git.ref: {source.ref}",
        )
    return BuildFailed(
        f"git cannot fetch {source.url}: {text}",
        fix="correct source.git, or try again",
        line=f"source.git.url: {source.url}",
        passing=_AWAY.search(text) is not None,
    )


def _no_folder(source: GitSource, commit: str, said: Sequence[str]) -> BuildFailed:
    if source.path is None:
        return _odd(said)
    return BuildFailed(
        f"commit {commit[:12]} has no folder {source.path}: {_shortened(said)}",
        fix="correct source.git.path",
        line=f"source.git.path: {source.path}",
    )


def _odd(said: Sequence[str]) -> BuildFailed:
    return BuildFailed(f"git failed: {_shortened(said)}")


def _shortened(said: Sequence[str]) -> str:
    return " ".join(line.removeprefix("fatal: ") for line in said)[-600:] or "it said nothing"
