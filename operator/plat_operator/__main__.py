"""`python -m plat_operator`: runs the operator until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys

from plat_core.errors import PlatError
from plat_core.extras import explain_missing_extra
from plat_http.fixes import describe

from plat_operator.settings import OperatorSettings

log = logging.getLogger("plat_operator")


def main() -> int:
    """Run until a signal, and return the exit status."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    # kopf logs each event at INFO
    logging.getLogger("kopf").setLevel(logging.WARNING)
    try:
        asyncio.run(_run(OperatorSettings.from_environment(os.environ)))
    except PlatError as error:
        fix = f"\n  {describe(error.fix)}" if error.fix else ""
        sys.stderr.write(f"the operator cannot start: {error.message}{fix}\n")
        return 1
    return 0


async def _run(settings: OperatorSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
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
