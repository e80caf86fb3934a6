"""Salmon: what its folders tell beyond `quant.sf`, and real ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.importers.quantifiers.made import LENGTHS, as_text, read, rows_of, write
from tests.shared_data import shared_path


def test_effective_lengths_are_kept_by_sample(tmp_path: Path) -> None:
    write(tmp_path, "salmon", "S1")
    rows = rows_of("salmon")
    rows[1][2] = "0"
    write(tmp_path, "salmon", "S2", as_text(rows))

    found = read(tmp_path, "salmon")

    own = np.array(LENGTHS) - 199.5
    assert found.effective_lengths is not None
    np.testing.assert_array_equal(found.effective_lengths[:, 0], own.astype(np.float32))
    np.testing.assert_array_equal(found.effective_lengths[1:, 1], own[1:].astype(np.float32))
    assert found.effective_lengths[0, 1] == 0


def test_reads_processed_come_from_the_folder_where_it_tells(tmp_path: Path) -> None:
    for sample in ("S1", "S2", "S3"):
        write(tmp_path, "salmon", sample)
    for sample, content in (("S1", json.dumps({"num_processed": 900})), ("S2", "{cut")):
        info = tmp_path / sample / "aux_info" / "meta_info.json"
        info.parent.mkdir()
        info.write_text(content)

    found = read(tmp_path, "salmon")

    assert found.n_processed is not None
    np.testing.assert_array_equal(found.n_processed, [900, np.nan, np.nan])


def test_without_any_telling_there_are_no_processed_reads(tmp_path: Path) -> None:
    write(tmp_path, "salmon", "S1")

    assert read(tmp_path, "salmon").n_processed is None


@pytest.mark.parametrize("parts", [("geuvadis6", "salmon"), ("isa_hesc6",)])
def test_real_folders_are_read_as_pandas_reads_them(parts: tuple[str, ...]) -> None:
    folder = shared_path("data", "quants", *parts)

    found = read(folder, "salmon")

    assert found.counts.shape[1] == 6
    for column, (sample, path) in enumerate(found.sources):
        frame = pd.read_csv(path, sep="\t").set_index("Name").loc[list(found.transcript_ids)]
        assert found.sample_ids[column] == sample == path.parent.name
        assert found.counts[:, column].sum() == pytest.approx(frame["NumReads"].sum(), rel=1e-12)
        np.testing.assert_allclose(found.counts[:, column], frame["NumReads"], rtol=1e-12)
        assert found.effective_lengths is not None
        np.testing.assert_allclose(
            found.effective_lengths[:, column], frame["EffectiveLength"], rtol=1e-6
        )
