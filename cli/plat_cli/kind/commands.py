"""The `--kind` mode of `plat up`, `plat down` and `plat doctor`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer
from plat_core.errors import InvalidInput

from plat_cli import settings
from plat_cli.command import Session, checked
from plat_cli.kind import cluster
from plat_cli.kind.target import NAME, PORT, REGISTRY_PORT, KindCluster

if TYPE_CHECKING:
    from plat_cli.check_result import CheckResult


def up(
    session: Session,
    name: str | None,
    port: int | None,
    registry_port: int | None,
    *,
    example: bool,
) -> None:
    """Create or start the cluster with the platform. Raises Unavailable and InvalidInput."""
    from plat_cli.kind import install

    target = _target(name, port, registry_port)
    plan = install.InstallPlan(
        target,
        session.settings.token or settings.DEV_TOKEN,
        node_image=settings.node_image(),
        build_arguments=settings.build_arguments(),
        network=settings.company_network(),
        with_example=example,
    )
    done = install.up(plan, session.out)
    session.out.result(f"plat runs at {target.url} in the cluster {target.name}")
    session.out.document(done)
    _next_steps(session, target, example=example)


def down(session: Session, name: str | None, *, yes: bool) -> None:
    """Delete the cluster and its registry after a confirmation. A missing one is no error."""
    from plat_cli.kind import install

    target = _target(name, None, None)
    _confirm(session, target, yes=yes)
    done = install.down(target, session.out)
    if not done["deleted"]:
        session.out.note(f"cluster {target.name} does not exist")
    session.out.document(done)


def checks(name: str | None) -> Iterator[CheckResult]:
    """Run the checks of `plat doctor --kind`."""
    from plat_cli.kind.checks import kind_checks

    return kind_checks(_target(name, None, None))


def reject_options(**given: object) -> None:
    """Raise InvalidInput if an option of the embedded platform is given with `--kind`."""
    for name, value in given.items():
        if value is not None:
            raise InvalidInput(
                f"--{name} cannot be used with --kind",
                field=f"--{name}",
            )


def require_kind(**given: object) -> None:
    """Raise InvalidInput if an option of the cluster is given without `--kind`."""
    for name, value in given.items():
        if value is not None:
            option = f"--{name.replace('_', '-')}"
            raise InvalidInput(
                f"{option} needs --kind",
                fix=f"add --kind, or remove {option}",
                field=option,
            )


def _target(name: str | None, port: int | None, registry_port: int | None) -> KindCluster:
    chosen = NAME if name is None else checked(name, "--name")
    if port == 0:
        raise InvalidInput("--port must not be 0 with --kind", field="--port")
    return KindCluster(
        chosen,
        PORT if port is None else port,
        REGISTRY_PORT if registry_port is None else registry_port,
    )


def _confirm(session: Session, target: KindCluster, *, yes: bool) -> None:
    if yes or session.out.as_json:
        return
    subject = f"the cluster {target.name} with all its functions, and its registry"
    if not sys.stdin.isatty():
        raise InvalidInput(
            f"cannot ask for confirmation to delete {subject}: stdin is not a terminal",
            fix=f"{target.command('down')} --yes",
        )
    typer.confirm(f"Delete {subject}?", abort=True, err=True)


def _next_steps(session: Session, target: KindCluster, *, example: bool) -> None:
    out = session.out
    if target.url != settings.DEFAULT_API_URL:
        out.note(f"  export API_URL={target.url}")
    if (session.settings.token or settings.DEV_TOKEN) == settings.DEV_TOKEN:
        out.note("  the token is dev-token; only this machine can reach the platform")
    if example:
        out.note(f"  curl {target.url}/function/greeter")
    if shutil.which("kubectl"):
        out.note(f"  kubectl --context {target.context} get fn")
    else:
        out.note(f"  {cluster.kubectl_line(target, 'get fn')}")
    out.note("  next:  plat init hello && plat deploy hello")
