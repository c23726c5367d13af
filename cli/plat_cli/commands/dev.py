"""`plat dev`: save a file, and the real URL answers with it."""

from __future__ import annotations

import hashlib
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from plat_cli import embedded, settings
from plat_cli.client import Client
from plat_cli.command import Session, checked, command
from plat_cli.dev.folders import functions_in, touched
from plat_cli.dev.session import DevFunction, DevSession, dev_functions

app = typer.Typer(add_completion=False)

DEBUG_PORT = 5678


QUIET = 250
"""Milliseconds without a save after which an empty batch is told."""


@command(
    app,
    shows=(
        "plat dev",
        "plat dev functions/ --port 8090",
        "plat dev hello --debug          (then attach to 127.0.0.1:5678)",
    ),
)
def dev(
    session: Session,
    directory: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="A function, or a folder of functions.")
    ] = Path(),
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Else 8080.")] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Let a debugger attach (debugpy).")
    ] = False,
    debug_port: Annotated[
        int, typer.Option(min=1024, max=65000, help="The first function's; then one more each.")
    ] = DEBUG_PORT,
) -> None:
    """Run a folder of functions, and redeploy what is saved.

    Ctrl-C stops it. A broken save is shown here and in the answers; the old code keeps answering.
    """
    folder = directory.absolute()
    folders = functions_in(folder)
    namespace = checked(session.settings.namespace, "metadata.namespace")
    served = list(dev_functions(folders, namespace, debug_port=debug_port if debug else None))
    for one in served:
        checked(one.ref.name)
    with _terminable(), _platform(session, folder, port) as client:
        _run(session, DevSession(session.out, client), client, served)


def _run(session: Session, loop: DevSession, client: Client, served: list[DevFunction]) -> None:
    by_folder = {one.folder: one for one in served}
    saves = _saves(list(by_folder))
    # watching begins here, so that what is saved during the first deploys is not missed
    next(saves)
    for one in served:
        loop.deploy(one)
        session.out.note(f"    {client.url}/function/{one.ref.segment}")
        if one.debug:
            session.out.note(f"    debugger: 127.0.0.1:{one.debug}")
    stop = threading.Event()
    for one in served:
        threading.Thread(target=loop.follow, args=(one, stop), daemon=True).start()
    session.out.note("watching; save a file to redeploy, Ctrl-C stops")
    try:
        for changed in saves:
            for folder, files in touched(by_folder, changed).items():
                loop.deploy(by_folder[folder], files)
    except KeyboardInterrupt:
        session.out.note("\nstopping")
    finally:
        stop.set()


def _saves(folders: list[Path]) -> Iterator[list[Path]]:
    """Batches of saved files, empty ones in quiet times; noise is not watched."""
    from plat_builder.pack import is_ignored
    from watchfiles import watch

    def wanted(_: Any, path: str) -> bool:
        places = [folder for folder in folders if Path(path).is_relative_to(folder)]
        return any(not is_ignored(Path(path).relative_to(place).as_posix()) for place in places)

    for changes in watch(
        *folders,
        watch_filter=wanted,
        debounce=100,
        step=20,
        rust_timeout=QUIET,
        yield_on_timeout=True,
    ):
        yield [Path(path) for _, path in changes]


@contextmanager
def _platform(session: Session, folder: Path, port: int | None) -> Iterator[Client]:
    """The platform that runs already, or one of its own for the time of the command."""
    token = session.settings.token or settings.DEV_TOKEN
    url = session.settings.api_url
    if port is None and settings.is_loopback(url) and embedded.ready(url):
        session.out.note(f"uses the platform that runs at {url}")
        yield Client(url, token)
        return
    home = state_of(folder)
    running = embedded.find(home)
    if running is None:
        address = settings.platform_address(None, port)
        environment = settings.platform_environment(
            host=address[0], port=address[1], home=home, dev=True
        )
        with session.out.phase("start") as phase:
            running = embedded.start(home, *address, environment, phase.update)
    try:
        yield Client(running.url, token)
    finally:
        embedded.stop(running)


def state_of(folder: Path) -> Path:
    """Where the state of a folder's own platform is: a short path, outside of the sources."""
    import platformdirs

    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return Path(platformdirs.user_cache_dir("plat")) / "dev" / digest


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
