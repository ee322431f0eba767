"""``python -m feedtree.ops`` is ``feedtree``."""

from feedtree.ops.cli import main

main()
