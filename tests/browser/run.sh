#!/usr/bin/env bash
# The pages in Debian's chromium; installs it where it is not there.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v chromium > /dev/null; then
  as_root=$([ "$(id -u)" = 0 ] || echo sudo)
  $as_root apt-get update -qq
  $as_root apt-get install -y -qq --no-install-recommends chromium > /dev/null
fi
.venv/bin/pip install -q -e '.[browser]'
.venv/bin/python -m pytest -q -m browser tests/browser
