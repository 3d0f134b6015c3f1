"""``python -m hotline``: the same as the ``hotline`` script."""

from hotline.cli import main

main()
