#!/usr/bin/env bash
# Makes .venv with fireline (editable) and everything that its tests and drills need, as pinned.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

say() { printf '%s\n' "$*" >&2; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  say "fireline needs Python 3.11 or newer; $python is $("$python" --version 2>&1). Say which: make PYTHON=python3.12 …"
  exit 1
}

if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing python3-venv: this Python cannot make virtual environments without it."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >&2
  else
    say "This Python cannot make virtual environments. Run: sudo apt-get install python3-venv"
    exit 1
  fi
fi

[ -x .venv/bin/pip ] || "$python" -m venv --clear .venv
say "Fetching what constraints.txt pins into .venv …"
.venv/bin/python -m pip install -qq --require-hashes -r constraints.txt
.venv/bin/python -m pip install -qq --no-deps -e .
.venv/bin/python -m pip check || {
  say "constraints.txt and pyproject.toml do not agree: run make pins."
  exit 1
}
