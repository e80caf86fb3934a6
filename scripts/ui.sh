#!/usr/bin/env bash
# Starts the UI and its daemon on this machine; further arguments go to `dagster dev`.
#
#   bash scripts/ui.sh [-p PORT]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
exec "$VENV/bin/python" -m isograph_assets.ui "$@"
