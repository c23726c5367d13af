"""The start of a replica: settings, then streams, then the server."""

import os
import sys

from plat_runtime import logs, settings
from plat_runtime.faults import Reason, StartError, report
from plat_runtime.loading import add_packages


def main() -> None:
    """Run one replica; does not return."""
    sys.argv[1:] = []
    try:
        chosen = settings.read(os.environ)
    except StartError as fault:
        report(fault, os.environ.get("PLAT_TERMINATION_LOG") or settings.TERMINATION_LOG)
        sys.exit(1)
    logs.open_streams(chosen.tag_logs)
    add_packages(chosen.site)
    try:
        from plat_runtime.serving import serve
    except ModuleNotFoundError as error:
        message = f"the environment lacks what the runtime itself needs: {error}"
        report(StartError(Reason.IMPORT, message), chosen.termination_log)
        sys.exit(1)
    serve(chosen)
