"""``python -m cds``: the command line."""

import sys

from cds.cli import main

if __name__ == "__main__":
    sys.exit(main())
