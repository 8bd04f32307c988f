"""The tests of the bench use the random worlds of the folder above, also when they run alone."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
