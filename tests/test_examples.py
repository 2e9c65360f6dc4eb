"""The examples of the docstrings of what `certnn` offers are there, and do what they say."""

import doctest
from inspect import isfunction

import pytest

import certnn

#: Types that one is handed by a verb, whose example has them.
HANDED = {
    *("AuditResult", "ExactSolution", "GapForecast", "GapReport", "LowerBoundResult"),
    *("PatternBound", "RegularisationPath", "SolverError", "TightnessVerdict", "TrainingResult"),
}


def examples(thing):
    return doctest.DocTestFinder(recurse=False).find(thing, thing.__name__, globs={})


#: Verbs whose example needs PyTorch.
OF_TORCH = {"to_torch"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.torch] if name in OF_TORCH else [])
        for name in sorted({*certnn.__all__} - HANDED)
    ],
)
def test_examples_do_what_they_say(name):
    [example] = examples(getattr(certnn, name))
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(example).attempted > 0
    assert runner.failures == 0


def test_verbs_have_examples_of_their_own():
    assert not [name for name in HANDED if isfunction(getattr(certnn, name))]
