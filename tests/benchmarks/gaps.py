"""Default audits of many problems: python tests/benchmarks/gaps.py --data FOLDER --out DIR

Six hundred audits by nominal work on one thread, in an order that is balanced wherever it ends:
--runs N are the first N of them, Ctrl-C keeps those that are done, and the same command goes on.
They are kept in DIR/gaps.json; without --out what examples/gaps.json has of an earlier run is
looked at. Then come the errors of the forecast's models on data sets that they have not seen, and
the cliffs: neighbours whose gaps are further apart than most are. --model fits them anew.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from gap_study.cliffs import cliffs, jumps
from gap_study.design import design
from gap_study.fitting import fit, save_models
from gap_study.measure import measure
from gap_study.plots import gap_plot
from gap_study.runs import MeasuredAudit, measured, read_runs, save_runs
from gap_study.sources import SOURCES

from certnn.atomic_files import write_atomically
from certnn.studies.sweep_progress import sweep_with_progress

KEPT = Path(__file__).parents[2] / "examples" / "gaps.json"


def audited(out: str, folder: str | None, most: int | None) -> list[MeasuredAudit]:
    names = [name for name, of in SOURCES.items() if folder or not of.needs_folder]
    wanted, run = design(names)[:most], partial(measure, folder=folder)
    outcomes, _ = sweep_with_progress("audits", wanted, run, out)
    runs = [measured(outcome, folder) for outcome in outcomes if not outcome.error]
    save_runs(Path(out) / "gaps.json", runs)
    return read_runs(Path(out) / "gaps.json")  # as they are kept, in four digits


def row(run: MeasuredAudit) -> str:
    return f"{100 * run.gap:.2g} % by {run.level}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", metavar="FOLDER", help="with pima, ionosphere and banknote.csv")
    parser.add_argument("--out", metavar="DIR", help="run them; gone on from if there")
    parser.add_argument("--runs", type=int, metavar="N", help="the first N (all)")
    parser.add_argument("--plot", metavar="FILE.svg")
    parser.add_argument("--model", metavar="FILE.json", help="write the fitted model")
    options = parser.parse_args()
    runs = read_runs(KEPT)
    if options.out:
        runs = audited(options.out, options.data, options.runs)
    found = jumps(runs)
    steep = cliffs(found)
    print(f"{len(runs)} audits of {len({run.data for run in runs})} data sets")
    models = fit(runs)
    for regime, of in models.items():
        print(f"{regime}, {of.runs} audits of {of.sets} data sets: errors in log-odds", end=" ")
        print(f"on a data set not seen {of.error:.2f}; by nearest neighbours", end=" ")
        print(f"{of.of_neighbours:.2f}, by the median {of.of_median:.2f};", end=" ")
        print(f"four of five within {of.model.low:+.2f} and {of.model.high:+.2f}")
    print(f"{len(steep)} cliffs among {len(found)} pairs of neighbours")
    for jump in steep:
        easier, harder = jump.easier, jump.harder
        print(f"| {', '.join(map(str, easier.setting))} ", end="| ")
        print(f"{easier.rows} ×{easier.times:.2g}: {row(easier)} ", end="| ")
        print(f"{harder.rows} ×{harder.times:.2g}: {row(harder)} | {jump.beyond:+.1f} |")
    if options.plot:
        write_atomically(options.plot, gap_plot(runs, found, len(steep)).encode())
    if options.model:
        save_models(options.model, {regime: of.model for regime, of in models.items()})


if __name__ == "__main__":
    main()
