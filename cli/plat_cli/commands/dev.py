"""`plat dev`: run functions and redeploy them when a file is saved."""

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

POLL_MILLISECONDS = 250
"""Interval without changes after which the watcher yields an empty batch."""


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
        Path,
        typer.Argument(
            metavar="[DIR]", help="A function, or a folder of functions (default: this folder)."
        ),
    ] = Path(),
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on (default 8080).")
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Let a debugger attach (debugpy).")
    ] = False,
    debug_port: Annotated[
        int,
        typer.Option(
            min=1024,
            max=65000,
            help="Debug port of the first function; each further one uses the next port.",
        ),
    ] = DEBUG_PORT,
) -> None:
    """Run a folder of functions and redeploy a function when a file is saved.

    Ctrl-C stops it. Errors are shown here and in the responses; the previous code keeps serving.
    """
    folder = directory.absolute()
    folders = functions_in(folder)
    namespace = checked(session.settings.namespace, "metadata.namespace")
    served = list(dev_functions(folders, namespace, debug_port=debug_port if debug else None))
    for one in served:
        checked(one.ref.name)
    with _interrupt_on_sigterm(), _platform(session, folder, port) as client:
        _run(session, DevSession(session.out, client), client, served)


def _run(session: Session, loop: DevSession, client: Client, served: list[DevFunction]) -> None:
    by_folder = {one.folder: one for one in served}
    saves = _saves(list(by_folder))
    # Start watching before the first deploys, so that no save is missed.
    next(saves)
    for one in served:
        loop.deploy(one)
        session.out.note(f"    {client.url}/function/{one.ref.segment}")
        if one.debug:
            session.out.note(f"    debugger: 127.0.0.1:{one.debug}")
    stop = threading.Event()
    for one in served:
        threading.Thread(target=loop.follow, args=(one, stop), daemon=True).start()
    session.out.note("watching for changes; press Ctrl-C to stop")
    try:
        for changed in saves:
            for folder, files in touched(by_folder, changed).items():
                loop.deploy(by_folder[folder], files)
    except KeyboardInterrupt:
        session.out.note("\nstopping")
    finally:
        stop.set()


def _saves(folders: list[Path]) -> Iterator[list[Path]]:
    """Yield batches of saved files, and empty batches when nothing changes.

    Files that a deploy ignores are not watched.
    """
    from plat_builder.pack import is_ignored
    from watchfiles import watch

    def is_source(_: Any, path: str) -> bool:
        roots = [folder for folder in folders if Path(path).is_relative_to(folder)]
        return any(not is_ignored(Path(path).relative_to(root).as_posix()) for root in roots)

    for changes in watch(
        *folders,
        watch_filter=is_source,
        debounce=100,
        step=20,
        rust_timeout=POLL_MILLISECONDS,
        yield_on_timeout=True,
    ):
        yield [Path(path) for _, path in changes]


@contextmanager
def _platform(session: Session, folder: Path, port: int | None) -> Iterator[Client]:
    """Yield a client of the running platform, or start one and stop it at the end."""
    token = session.settings.token or settings.DEV_TOKEN
    url = session.settings.api_url
    if port is None and settings.is_loopback(url) and embedded.ready(url):
        session.out.note(f"using the platform at {url}")
        yield Client(url, token)
        return
    home = state_directory(folder)
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


def state_directory(folder: Path) -> Path:
    """Return the state directory of the platform that `plat dev` starts for a folder.

    The path is short, because a Unix socket path has about 100 bytes, and outside the sources.
    """
    import platformdirs

    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return Path(platformdirs.user_cache_dir("plat")) / "dev" / digest


@contextmanager
def _interrupt_on_sigterm() -> Iterator[None]:
    """Handle SIGTERM like Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
