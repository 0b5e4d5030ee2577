"""``python -m fundclear`` is the command."""

import sys

from fundclear.cli import main

sys.exit(main())
