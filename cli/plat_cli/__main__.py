"""`python -m plat_cli` is `plat`."""

from plat_cli.main import main

main()
