#!/usr/bin/env bash
# Make the checker that is extracted from the proof: proofs/_build/certnn-checker. Beside it is what
# has been extracted, checked.ml.
# The proofs themselves are compiled and gated by check.sh.
set -euo pipefail
cd "$(dirname "$0")"

packages=(coq libcoq-mathcomp-ssreflect ocaml-nox ocaml-findlib libzarith-ocaml-dev)
if ! dpkg -s "${packages[@]}" > /dev/null 2>&1; then
  apt-get update
  apt-get install -y --no-install-recommends "${packages[@]}"
fi

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
modules=(Logarithms Checker PsdChecker PartitionChecker DirectionsChecker RegionsChecker)
modules+=(Definite CellsBoxes CellsChecker Elimination CutsChecker PhasesChecker)
modules+=(GroupsChecker Extract)
cp rocq/*.v checker/*.ml "$build"
(
  cd "$build"
  for module in "${modules[@]}"; do
    coqc -q -w -notation-overridden -R . Certnn "$module.v"
  done
  rm checked.mli
  # The code that is extracted defines more than it uses.
  ocamlfind ocamlopt -w +a-4-9-26-27-32..42-44-45-48-70 -package zarith -linkpkg \
    checked.ml tokens.ml witnesses.ml verdicts.ml command.ml -o certnn-checker
)
mkdir -p _build
echo '*' > _build/.gitignore
mv "$build/checked.ml" "$build/certnn-checker" _build
echo "proofs: made $PWD/_build/certnn-checker"
