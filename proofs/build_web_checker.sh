#!/usr/bin/env bash
# Make the extracted checker in JavaScript. The package has it, so that nobody needs OCaml:
# where that is another one than what is made here, it is replaced, and the exit code is 1.
set -euo pipefail
cd "$(dirname "$0")"

if ! dpkg -s js-of-ocaml > /dev/null 2>&1; then
  apt-get update
  apt-get install -y --no-install-recommends js-of-ocaml
fi
bash build_checker.sh

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cp _build/checked.ml checker/{tokens,witnesses,verdicts}.ml checker/web/* "$build"
(
  cd "$build"
  modules=(z.ml big_int_Z.ml checked.ml tokens.ml witnesses.ml verdicts.ml publish.ml)
  # The code that is extracted defines more than it uses.
  ocamlc -w +a-4-9-26-27-32..42-44-45-48-70 -no-check-prims "${modules[@]}" -o checker.byte
  js_of_ocaml --opt 3 --target-env browser --no-extern-fs integers.js checker.byte -o checker.js
)
if grep -qiE '</script|<!--' "$build/checker.js"; then
  echo "proofs: the checker in JavaScript would end the page's script" >&2
  exit 1
fi
shipped=../certnn/certificates/web/checker.js
if ! cmp -s "$build/checker.js" "$shipped"; then
  cp "$build/checker.js" "$shipped"
  echo "proofs: $shipped was not what is made from the proofs, and is now" >&2
  exit 1
fi
echo "proofs: $shipped is what is made from the proofs"
