"""`python -m plat_operator`: runs the operator until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from plat_core.extras import explain_missing_extra
from plat_http.processes import run_service

from plat_operator.settings import OperatorSettings

log = logging.getLogger("plat_operator")


def main() -> int:
    """Run until a signal, and return the exit status."""
    return run_service("the operator", _run)


async def _run(stop: asyncio.Event) -> None:
    settings = OperatorSettings.from_environment(os.environ)
    with explain_missing_extra():
        from plat_operator import handlers, probes, wiring
    async with wiring.operator(settings) as operator:
        serving = probes.serve(
            operator, host=settings.probe_host, port=settings.probe_port, sweep=settings.sweep
        )
        async with serving as port:
            log.info("operator started; probes on %s:%d", settings.probe_host, port)
            await handlers.run(operator, stop)


if __name__ == "__main__":
    sys.exit(main())
