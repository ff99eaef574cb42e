"""``python -m chatcore``: see :mod:`chatcore.cli`."""

import sys

from chatcore.cli import main

if __name__ == "__main__":
    sys.exit(main())
