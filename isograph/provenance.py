"""What made a result: versions, commit, machine."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from isograph.machine import machine_cores, memory_bytes, processor_name

DISTRIBUTION = "isograph-assets"
_RECORDED = ("numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "statsmodels", "torch")


@lru_cache
def version() -> str:
    """Version of isograph."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown"


@lru_cache
def git_state() -> dict[str, Any]:
    """Commit and dirty flag of the checkout that isograph runs from; nulls where there is none."""
    root = Path(__file__).resolve().parent.parent

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(root), *words],
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    # an installed copy may lie inside somebody else's repository: ask for our own file
    if git("ls-files", "--error-unmatch", "isograph/provenance.py") is None:
        return {"commit": None, "dirty": None}
    status = git("status", "--porcelain", "--untracked-files=no")
    return {"commit": git("rev-parse", "HEAD"), "dirty": None if status is None else bool(status)}


@lru_cache
def package_versions() -> dict[str, str | None]:
    """Versions of the numerical packages, read without importing them."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in _RECORDED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


@lru_cache
def machine() -> dict[str, Any]:
    """What times and memory depend on, without naming the machine or its owner.

    `id` is the same for machines of one kind: seconds are compared within it only.
    """
    facts: dict[str, Any] = {
        "processor": processor_name(),
        "architecture": platform.machine(),
        "cores": machine_cores(),
        "memory_gib": round(memory_bytes() / 2**30),
        "system": platform.system(),
    }
    told = ";".join(f"{name}={value}" for name, value in facts.items())
    return {"id": hashlib.sha256(told.encode()).hexdigest()[:12], **facts}
