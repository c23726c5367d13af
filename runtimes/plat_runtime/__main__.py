"""Start a replica: ``python -I -S <this folder>``, or ``runpy.run_path`` in a prepared process.

The folder is put in as the package ``plat_runtime`` and taken off ``sys.path``, so that these
modules and their dependencies cannot clash with the user's own names.
"""

import os
import sys
from types import ModuleType

if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    package = ModuleType("plat_runtime")
    package.__path__ = [here]
    sys.modules["plat_runtime"] = package
    from plat_runtime.start import main

    main()
