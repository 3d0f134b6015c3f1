"""``python -m hotline``: the same as the ``hotline`` script."""

from workers.cli import main

main()
