"""Run the command with `python -m plat_cli`."""

from plat_cli.main import main

main()
