#!/usr/bin/env bash
# Writes constraints.txt anew: every package of every extra, with its hashes and without any address.
# Run it (`make pins`) after changing dependencies in pyproject.toml, with the oldest Python we support.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"${PYTHON:-python3}" -m venv "$tools"
"$tools/bin/pip" install --quiet pip-tools

"$tools/bin/pip-compile" --quiet --all-extras --generate-hashes --strip-extras --allow-unsafe \
  --no-header --no-emit-options --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
  --output-file "$tools/constraints.txt" pyproject.toml

{
  echo "# Every package that fireline and its tests use, pinned with hashes. Written by \`make pins\`."
  echo "# Made with Python $("$tools/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])'). A package that only a newer Python would need is not in it;"
  echo "# the last step of scripts/setup.sh (pip check) would say so."
  cat "$tools/constraints.txt"
} > constraints.txt

if grep -nE '://|file:' constraints.txt; then
  echo "constraints.txt must not carry addresses: see the lines above." >&2
  exit 1
fi
