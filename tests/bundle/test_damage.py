"""Whatever happens to a bundle's bytes, loading gives a bundle or a clear error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from isograph.bundle import load_bundle, save_bundle
from isograph.errors import BundleError
from tests.bundle.builder import files_of, small_bundle


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """A file cut short, or with a few bytes replaced."""
    if rng.random() < 0.3:
        return content[: rng.integers(len(content))]
    changed = bytearray(content)
    for at in rng.integers(len(content), size=3):
        changed[at] = rng.integers(256)
    return bytes(changed)


@pytest.mark.parametrize("seed", range(4))
def test_damage_is_never_a_traceback(tmp_path: Path, seed: int) -> None:
    folder = save_bundle(small_bundle(), tmp_path / "b")
    rng = np.random.default_rng(seed)
    refusals = []
    for name, content in files_of(folder).items():
        for _ in range(15):
            (folder / name).write_bytes(damaged(content, rng))
            try:
                load_bundle(folder)
            except BundleError as error:
                refusals.append(error)
        (folder / name).write_bytes(content)
    assert len(refusals) > 60
    assert all(error.problems for error in refusals)
    assert load_bundle(folder).name == "small"
