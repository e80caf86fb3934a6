#!/usr/bin/env bash
# Runs three fixtures through the asset graph and shows what was found.
#
#   bash scripts/demo.sh [FIXTURE ...]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
exec "$VENV/bin/python" -m isograph_assets.demo "$@"
