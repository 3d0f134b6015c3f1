"""``python -m workers``: the same as the ``hotline`` script."""

from workers.cli import main

main()
