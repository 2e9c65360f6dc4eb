"""All peers on one problem and one plot: python examples/peers/run.py --out FOLDER --plot FILE.svg

Each script runs by itself with the same time limit, one after the other, and leaves its file in the
folder; those whose files are there are not run again. What lacks a package is named and left out.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
from peer import CLAIMED, OBJECTIVE, PROVED, add_problem_options

SCRIPTS = {
    "certnn": ["certnn_trainer.py"],
    "scs": ["paper_formulation.py", "--solver", "SCS"],
    "clarabel": ["paper_formulation.py", "--solver", "CLARABEL"],
    "scikit-learn": ["scikit_learn.py"],
    "pytorch": ["pytorch.py"],
    "pyscnn": ["pyscnn.py"],
    "scip-bilinear": ["scip.py", "--form", "bilinear"],
    "scip-convexified": ["scip.py", "--form", "convexified"],
    "globoptiml": ["globoptiml.py"],
}
#: Style of each kind of figure, and what a legend calls it.
STYLES = {
    OBJECTIVE: ("-", "objective of a network"),
    PROVED: ("--", "proved bound"),
    CLAIMED: (":", "claimed, not proved"),
}
#: Seconds at which the axis of time begins.
FIRST = 0.01


def problem_arguments(options):
    words = ["--data", options.data, "--rows", str(options.rows), "--reg", repr(options.reg)]
    words += ["--columns", *map(str, options.columns), "--time-limit", repr(options.time_limit)]
    return words + (["--data-dir", options.data_dir] if options.data_dir else [])


def run(options, names):
    folder = Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        file = folder / f"{name}.jsonl"
        if file.exists():
            continue
        script, *more = SCRIPTS[name]
        command = [sys.executable, str(Path(__file__).with_name(script)), *more]
        done = subprocess.run(
            [*command, *problem_arguments(options), "--out", str(file)], stderr=subprocess.PIPE
        )
        if done.returncode:
            reason = done.stderr.decode().strip().splitlines() or ["it failed"]
            print(f"{name}: left out: {reason[-1]}", flush=True)


def plot(folder, path):
    """Best objective and best bound of each peer against time, on the same axes."""
    figure, axes = plt.subplots(figsize=(8.0, 4.8))
    files = [folder / f"{name}.jsonl" for name in SCRIPTS]
    lines = [[json.loads(line) for line in f.read_text().splitlines()] for f in files if f.exists()]
    last = max(line["seconds"] for peer in lines for line in peer)
    for number, peer in enumerate(filter(None, lines)):
        named = False
        for what, (style, _) in STYLES.items():
            points = [(line["seconds"], line["value"]) for line in peer if line["what"] == what]
            if not points:
                continue
            times, values = zip(*points, strict=True)
            best = [min(values[: k + 1]) for k in range(len(values))]
            if what != OBJECTIVE:
                best = [max(values[: k + 1]) for k in range(len(values))]
            axes.step(
                [*(max(t, FIRST) for t in times), max(last, FIRST)],
                [*best, best[-1]],
                style,
                where="post",
                color=f"C{number}",
                label=None if named else peer[0]["peer"],
            )
            named = True
    for style, title in STYLES.values():
        axes.plot([], [], style, color="black", label=title)
    axes.set_xscale("log")
    axes.set_xlabel("seconds, imports apart")
    axes.set_ylabel("training objective")
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_problem_options(parser)
    parser.add_argument("--peers", nargs="+", choices=[*SCRIPTS], default=[*SCRIPTS])
    parser.add_argument("--out", required=True, metavar="FOLDER")
    parser.add_argument("--plot", metavar="FILE.svg")
    options = parser.parse_args()
    run(options, options.peers)
    if options.plot:
        plot(Path(options.out), options.plot)


if __name__ == "__main__":
    main()
