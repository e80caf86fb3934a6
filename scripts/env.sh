# Makes the project's virtual environment where it is missing or out of date.
#
#   source scripts/env.sh     sets VENV to its folder; quick when nothing has changed
#
# ISOGRAPH_VENV names another folder than .venv, PYTHON another interpreter to make it with.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="${ISOGRAPH_VENV:-$ROOT/.venv}"

_isograph_find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$candidate"
            return 0
        fi
    done
    echo "isograph needs Python 3.11 or newer, and none was found." >&2
    echo "Install one, or name it:  PYTHON=/path/to/python3.12 bash $0" >&2
    return 1
}

# what the environment was made from: the declared and the pinned packages, and the interpreter
_isograph_stamp() {
    "$VENV/bin/python" - "$ROOT" <<'PY'
import hashlib, pathlib, sys
root = pathlib.Path(sys.argv[1])
digest = hashlib.sha256(f"{root}\n{sys.version}\n".encode())
for name in ("pyproject.toml", "constraints.txt"):
    digest.update((root / name).read_bytes())
print(digest.hexdigest())
PY
}

# the published package `isograph` 0.1.x brings an import package of the same name
_isograph_refuse_published() {
    "$VENV/bin/python" - "$VENV" <<'PY'
import importlib.metadata as metadata, sys
try:
    found = metadata.version("isograph")
except metadata.PackageNotFoundError:
    sys.exit(0)
sys.exit(
    f"The published package isograph {found} is installed in {sys.argv[1]}.\n"
    "It has the same import name as this project; remove it first:\n"
    f"  {sys.argv[1]}/bin/python -m pip uninstall isograph"
)
PY
}

_isograph_make_venv() {
    local python
    if [ ! -x "$VENV/bin/python" ]; then
        python="$(_isograph_find_python)" || return 1
        echo "Making $VENV with $("$python" --version); the first time takes some minutes." >&2
        if ! "$python" -m venv "$VENV"; then
            echo "$python cannot make virtual environments; on Debian and Ubuntu the package" >&2
            echo "python3-venv is missing." >&2
            return 1
        fi
    fi
    if [ "$("$VENV/bin/python" -c 'import sys; print(sys.version_info >= (3, 11))')" != True ]; then
        echo "$VENV has a Python older than 3.11: remove the folder and run this again." >&2
        return 1
    fi
    _isograph_refuse_published || return 1
    local stamp
    stamp="$(_isograph_stamp)" || return 1
    if [ "$(cat "$VENV/.isograph-stamp" 2>/dev/null)" != "$stamp" ]; then
        echo "Installing the project and its packages into $VENV" >&2
        # an environment whose making was interrupted may lack pip
        "$VENV/bin/python" -m pip --version >/dev/null 2>&1 ||
            "$VENV/bin/python" -m ensurepip >/dev/null || return 1
        (cd "$ROOT" && "$VENV/bin/python" -m pip install -qq --disable-pip-version-check \
            --constraint constraints.txt --editable '.[dev]') || return 1
        echo "$stamp" >"$VENV/.isograph-stamp"
    fi
}

_isograph_make_venv
