"""What numba compiles is heard and timed, once."""

from numba import njit

from certnn.report.compiling import Compiling
from certnn.report.progress import SearchProgress


def fresh():
    """A function that nobody has compiled, which calls another one."""
    inner = njit(lambda x: x + 1)
    return njit(lambda x: 2 * inner(x))


def test_compiling_is_heard_once_a_function():
    said, function = [], fresh()
    with Compiling(said.append) as heard:
        assert function(1) == 4
    assert said == [True, False]  # the inner one is compiled within the outer one
    assert heard.seconds > 0.0
    with Compiling(said.append) as again:
        function(2)
    fresh()(1)  # nobody listens
    assert said == [True, False]
    assert again.seconds == 0.0


def test_progress_says_it_once(capsys):
    with SearchProgress() as progress:
        fresh()(1)
        progress.tell("dnn", None, None)
        fresh()(1)
    lines = [line.split(" s ")[1].strip() for line in capsys.readouterr().err.splitlines()]
    assert lines == ["compiling, once on this machine", "dnn"]
