"""`python -m plat_core.model.crd`: print the definition as YAML."""

import sys

from plat_core.model.crd.document import manifest

if __name__ == "__main__":
    sys.stdout.write(manifest())
