"""Keep the line counts in TRUST.md right.

python proofs/count_lines.py            write them
python proofs/count_lines.py --check    exit with 1 if they are wrong
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "proofs" / "TRUST.md"
BEGIN, END = "<!-- counted -->\n", "<!-- end -->\n"

READING = "bound check reading container document exact instance rejected"
FILTERS = "float_filter cell_filter interval_filter"
ROCQ = "Duality Exponential Biases Psd Partition Regions Reading Values LogarithmsSound DataSound"
ROCQ += " LossesSound ClaimSound PsdCheckerSound ConesSound RealExponential"
ROCQ += " PartitionCheckerSound DirectionsSound RegionsForm RegionsCheckerSound Cells"
ROCQ += " CellsBoxesSound CellsLeafSound CellsFormSound CellsTreeSound CellsCheckerSound"
ROCQ += " DefiniteSound Cuts CutsFormsSound CutsCheckerSound Phases PhasesFormSound"
ROCQ += " PhasesCheckerSound GroupsCheckerSound"
CHECKERS = "Logarithms Checker PsdChecker PartitionChecker DirectionsChecker RegionsChecker"
CHECKERS += " Definite CellsBoxes CellsChecker Elimination CutsChecker PhasesChecker"
CHECKERS += " GroupsChecker"
TRANSLATION = ["extracted_checker", "integer_directions", "integer_regions", "integer_cells"]
TRANSLATION += ["integer_cuts", "integer_phases"]
IN_JAVASCRIPT = ["translation", "psd", "partition", "directions", "regions", "phases", "cells"]
IN_JAVASCRIPT += ["cuts"]
PARTS = [
    ("Python kernel: reading, exact matrices, the claim", "kernel", READING.split()),
    ("Python kernel: from kappa to the bound", "kernel", ["scaling", "losses", "enclosures"]),
    ("Python kernel: forms and their products", "kernel", ["forms"]),
    ("Python kernel: kinds `psd` and `cuts`", "kernel", ["products", "cuts"]),
    ("Python kernel: kind `partition`", "kernel", ["partition", "partition_costs"]),
    ("Python kernel: kind `phases`", "kernel", ["phases"]),
    ("Python kernel: kind `regions`", "kernel", ["regions"]),
    ("Python kernel: kind `cells`", "kernel", ["cells", "cell_geometry", "cell_rounding"]),
    ("Python kernel: kind `groups`", "kernel", ["groups"]),
    ("Python kernel: directions, and what their trees take in turn", "kernel", ["outputs"]),
    ("Python kernel: certificates about patterns", "kernel", ["patterns"]),
    ("Python kernel: definite matrices", "kernel", ["definite"]),
    ("Python kernel: what a check may cost", "kernel", ["work"]),
    (
        "Python kernel: filters in floats",
        "kernel",
        ["float_filter", "cell_filter", "interval_filter"],
    ),
    ("Python kernel: objectives of networks", "kernel", ["evaluate"]),
    ("Statement in Rocq: what has to be read", "statement", []),
    ("Checkers in Rocq: proved sound", "rocq", CHECKERS.split()),
    ("Proofs in Rocq: checked by Coq", "rocq", ROCQ.split()),
    ("Extraction: what Z becomes in OCaml", "rocq", ["Extract"]),
    (
        "Driver in OCaml: reads the integers",
        "checker",
        ["tokens", "witnesses", "verdicts", "command"],
    ),
    ("Translation in Python: from JSON to integers", "certificates", TRANSLATION),
    ("Integers in JavaScript: in the place of zarith", "integers", ["z", "big_int_Z", "publish"]),
    ("Integers in JavaScript: numbers and BigInts", "bigint", ["integers"]),
    ("Reading in JavaScript: JSON, containers, arrays", "web", ["reading", "container", "exact"]),
    ("Translation in JavaScript: from JSON to integers", "web", IN_JAVASCRIPT),
    ("Page: asks the checker, and says the theorem", "web", ["worker", "page"]),
]
FOLDERS = {
    "kernel": ("certnn/kernel", "py"),
    "rocq": ("proofs/rocq", "v"),
    "checker": ("proofs/checker", "ml"),
    "certificates": ("certnn/certificates", "py"),
    "integers": ("proofs/checker/web", "ml"),
    "bigint": ("proofs/checker/web", "js"),
    "web": ("certnn/certificates/web", "js"),
}


def statement_lines() -> int:
    """Of Statement.v, and of the part of Checker.v with that name."""
    checker = (ROOT / "proofs/rocq/Checker.v").read_text("utf-8")
    parts = re.findall(r"^\(\* Statement:.*?^\(\* End of statement\. \*\)\n", checker, re.M | re.S)
    if len(parts) != 1:
        sys.exit("the part of the statement in Checker.v is not where it was")
    parts.append((ROOT / "proofs/rocq/Statement.v").read_text("utf-8"))
    return sum(part.count("\n") for part in parts)


def table() -> str:
    rows = ["| part | files | lines |\n", "|---|---|---|\n"]
    for label, where, names in PARTS:
        if where == "statement":
            rows.append(f"| {label} | see below | {statement_lines()} |\n")
            continue
        folder, suffix = FOLDERS[where]
        paths = [ROOT / folder / f"{name}.{suffix}" for name in names]
        lines = sum(path.read_text("utf-8").count("\n") for path in paths)
        listed = ", ".join(f"`{path.name}`" for path in paths)
        rows.append(f"| {label} | `{folder}`: {listed} | {lines} |\n")
    return "".join(rows)


def main() -> None:
    page = PAGE.read_text("utf-8")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    right = before + BEGIN + table() + END + after
    if sys.argv[1:] == ["--check"]:
        if page != right:
            sys.exit("TRUST.md has wrong line counts: run python proofs/count_lines.py")
    else:
        PAGE.write_text(right, "utf-8")


if __name__ == "__main__":
    main()
