"""The line counts of the page on trust are those of the files."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "proofs" / "count_lines.py"


def test_line_counts_are_right():
    ran = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
