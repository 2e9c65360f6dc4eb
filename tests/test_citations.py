"""Every theorem that the code cites is there, and every theorem of the index is stated once."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
STATED = re.compile(r"^##+ (Theorem|Lemma) ([0-9.]+) \(", re.MULTILINE)
CITED = re.compile(r"(Theorem|Lemma)s? ((?:[0-9]+(?:\.[0-9]+)?(?:\([a-z]\))?(?:, | and |–)?)+)")


def stated():
    return [
        match
        for page in (ROOT / "proofs").glob("*.md")
        for match in STATED.findall(page.read_text())
    ]


def test_statements_are_unique_and_numbered_through():
    found = stated()
    assert len(set(found)) == len(found)
    numbers = sorted(int(n) for kind, n in found if kind == "Theorem")
    assert numbers == list(range(1, len(numbers) + 1))


def test_citations_resolve():
    known = set(stated())
    count = 0
    files = [*ROOT.joinpath("certnn").rglob("*.py"), *ROOT.joinpath("certnn").rglob("*.md")]
    for file in [*files, *ROOT.joinpath("proofs").glob("*.md")]:
        for kind, numbers in CITED.findall(file.read_text()):
            for number in re.findall(r"[0-9]+(?:\.[0-9]+)?", numbers):
                assert (kind, number) in known, f"{file}: {kind} {number} is not in proofs/"
                count += 1
    assert count > 50


def test_index_lists_every_theorem():
    index = (ROOT / "proofs" / "README.md").read_text()
    rows = re.findall(r"^\| ([0-9]+) \| ([^|]+) \| \[([^\]]+)\]", index, re.MULTILINE)
    for number, name, file in rows:
        text = (ROOT / "proofs" / file).read_text()
        assert f"## Theorem {number} ({name.strip()})" in text
    assert len(rows) == sum(kind == "Theorem" for kind, _ in stated())
