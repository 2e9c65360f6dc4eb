"""Draw the pictures of the guide beside this file: python examples/gallery.py (a minute and a half)

iris-path.svg: the optimum against the weight decay, between two proved curves.
diabetes-history.svg: what an audit proves and finds on scikit-learn's diabetes, second by second.
"""

import sys
from pathlib import Path

from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

import certnn
from certnn.atomic_files import write_atomically
from certnn.reading.datasets import iris
from certnn.report.history_plot import history_figure
from certnn.report.svg import svg_document, svg_settings

REGS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def draw_path(folder: Path, time_limit: float) -> None:
    path = certnn.regularisation_path(iris(0.1), REGS, gap=0.01, time_limit=time_limit)
    path.save_tables(folder)
    (folder / "path.svg").replace(folder / "iris-path.svg")
    for table in ("path.json", "path.csv"):
        (folder / table).unlink()


def draw_history(folder: Path, time_limit: float) -> None:
    X, y = load_diabetes(return_X_y=True)
    y = StandardScaler().fit_transform(y[:, None])
    problem = certnn.TrainingProblem(StandardScaler().fit_transform(X), y, 20.0, hidden_bias=True)
    audited = certnn.audit(None, problem, time_limit=time_limit)
    with svg_settings("certnn gallery"):
        figure = history_figure(audited.report, 504.0)
        assert figure is not None  # the bound rose
        figure.set_facecolor("white")
        write_atomically(folder / "diabetes-history.svg", svg_document(figure).encode())


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    draw_path(folder, 10.0)
    draw_history(folder, 60.0)
