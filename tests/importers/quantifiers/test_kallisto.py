"""kallisto: tables, HDF5, and the number of reads beside them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.importers.quantifiers.made import COUNTS, IDS, LENGTHS, read, refusal, write
from tests.shared_data import shared_path


def write_h5(folder: Path, sample: str, **changes: Any) -> Path:
    """`abundance.h5` by kallisto's scheme: ids are fixed-length bytes, numbers doubles."""
    fields = {
        "aux/ids": np.array([one.encode() for one in IDS], dtype="S8"),
        "aux/lengths": np.array(LENGTHS, dtype=np.int32),
        "aux/eff_lengths": np.array(LENGTHS) - 199.5,
        "est_counts": COUNTS,
    }
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    fields |= {name.replace("__", "/"): value for name, value in changes.items()}
    path = folder / sample / "abundance.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as handle:
        for name, values in fields.items():
            if values is not None:
                handle.create_dataset(name, data=values, compression="gzip")
    return path


def info(folder: Path, sample: str, content: object) -> None:
    (folder / sample / "run_info.json").write_text(json.dumps(content))


def test_h5_and_table_give_the_same(tmp_path: Path) -> None:
    write_h5(tmp_path / "h5", "S1")
    write(tmp_path / "tsv", "kallisto", "S1")

    binary, table = read(tmp_path / "h5", "kallisto"), read(tmp_path / "tsv", "kallisto")

    assert list(binary.transcript_ids) == list(table.transcript_ids)
    assert binary.counts.tobytes() == table.counts.tobytes()
    assert binary.effective_lengths is not None
    assert table.effective_lengths is not None
    assert binary.effective_lengths.tobytes() == table.effective_lengths.tobytes()
    np.testing.assert_array_equal(binary.lengths, table.lengths)


def test_the_table_counts_where_both_are_there(tmp_path: Path) -> None:
    write(tmp_path, "kallisto", "S1")
    (tmp_path / "S1" / "abundance.h5").write_bytes(b"not read")

    found = read(tmp_path, "kallisto")

    assert [path.name for _, path in found.sources] == ["abundance.tsv"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"est_counts": np.array([1.0, np.nan, 2.0, 3.0])}, "est_counts is missing or NaN"),
        ({"est_counts": np.array([1.0, -2.0, 2.0, 3.0])}, "est_counts is negative"),
        ({"est_counts": np.array([1.0, 1e300, 2.0, 3.0])}, "impossibly large"),
        ({"est_counts": COUNTS[:3]}, "different lengths"),
        ({"est_counts": COUNTS.reshape(2, 2)}, "different lengths"),
        ({"est_counts": None}, "cannot be read as kallisto's HDF5"),
        ({"est_counts": np.array([b"a", b"b", b"c", b"d"])}, "cannot be read"),
        ({"aux__ids": np.array([b"T1", b"T1", b"T2", b"T3"])}, "transcripts that stand twice"),
        ({"aux__ids": np.array([b"T1", b"", b"T2", b"T3"])}, "lines without an id"),
        ({"aux__ids": np.arange(4)}, "cannot be read"),
        ({"aux__ids": np.array([b"\xff\xfe", b"b", b"c", b"d"])}, "cannot be read"),
    ],
)
def test_a_bad_h5_is_refused_for_its_reason(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    write_h5(tmp_path, "S1", **changes)

    message = refusal(tmp_path, "kallisto")

    assert reason in message
    assert "S1/abundance.h5" in message


def test_a_cut_h5_an_empty_one_and_a_folder_are_refused(tmp_path: Path) -> None:
    data = write_h5(tmp_path, "S1").read_bytes()
    for content in (data[: len(data) // 2], data[:-1], b"", b"plain text"):
        (tmp_path / "S1" / "abundance.h5").write_bytes(content)
        assert "cannot be read" in refusal(tmp_path, "kallisto")
    (tmp_path / "S1" / "abundance.h5").unlink()
    (tmp_path / "S1" / "abundance.h5").mkdir()
    assert "S1" in refusal(tmp_path, "kallisto")


def test_without_h5py_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "S1").mkdir()
    (tmp_path / "S1" / "abundance.h5").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "h5py", None)

    assert "kallisto h5dump" in refusal(tmp_path, "kallisto")


def test_counts_beyond_the_reads_of_the_run_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "kallisto", "S1")
    write(tmp_path, "kallisto", "S2")
    info(tmp_path, "S1", {"n_processed": 133})
    info(tmp_path, "S2", {"n_processed": 100})

    assert "S2/abundance.tsv: 133 counts are more than the 100 reads" in refusal(
        tmp_path, "kallisto"
    )


@pytest.mark.parametrize("content", [[], {}, {"n_processed": "many"}, {"n_processed": -1}, None])
def test_a_run_info_that_tells_nothing_is_no_fault(tmp_path: Path, content: object) -> None:
    write(tmp_path, "kallisto", "S1")
    info(tmp_path, "S1", content)

    assert read(tmp_path, "kallisto").n_processed is None


def test_real_samples_are_read_as_pandas_reads_them() -> None:
    folder = shared_path("data", "quants", "geuvadis6", "kallisto")

    found = read(folder, "kallisto")

    assert found.counts.shape[1] == 6
    assert found.n_processed is not None
    for column, (sample, path) in enumerate(found.sources):
        frame = pd.read_csv(path, sep="\t").set_index("target_id").loc[list(found.transcript_ids)]
        assert found.sample_ids[column] == sample == path.parent.name
        np.testing.assert_allclose(found.counts[:, column], frame["est_counts"], rtol=1e-12)
        total = found.counts[:, column].sum()
        processed = json.loads((path.parent / "run_info.json").read_text())["n_processed"]
        assert found.n_processed[column] == processed
        assert 0.5 * processed < total <= processed * 1.001
