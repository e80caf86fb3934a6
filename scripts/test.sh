#!/usr/bin/env bash
# Runs every check: style, format, types, tests. Arguments go to pytest.
#
#   bash scripts/test.sh [-m evidence] [-k NAME] [PATH ...]
#
# Tests that take more than a minute (`-m evidence`) run only when asked for.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT"
code=(isograph isograph_assets tests)
echo "== ruff check"
"$VENV/bin/ruff" check "${code[@]}"
echo "== ruff format"
"$VENV/bin/ruff" format --check "${code[@]}"
echo "== mypy"
"$VENV/bin/mypy"
echo "== pytest"
# a file of tests stays on one process, so that what it makes once is made once
"$VENV/bin/python" -m pytest -n logical --maxprocesses 4 --dist loadfile -m "not evidence" "$@"
