"""``python -m supervision`` is the same as the command ``supervision``."""

from supervision.cli import main

main()
