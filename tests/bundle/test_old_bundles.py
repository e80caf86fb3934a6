"""Bundles as IsoGraph 0.1 wrote them, made here from the format page with json, numpy, pandas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import isograph
from isograph.bundle import load_bundle, save_bundle, validate_bundle
from tests.bundle.builder import Folder

GENES = ["G0002", "G0000", "G0001", "G0003"]
ROLES = ["coupled", "switch_only", "background", "abundance_only"]
MODULES = [1, 0, None, 0]


def write_old_fixture(folder: Path) -> Path:
    """A simulated fixture with truth tables listed twice, integer modules and compressed npz."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    transcripts = [f"{gene}_T{k}" for gene in GENES for k in (1, 2)]
    tables: dict[str, tuple[str, pd.DataFrame]] = {
        "gene": (
            "genes.parquet",
            pd.DataFrame({"gene_id": GENES, "chrom": "chrSynthetic", "start": 0, "end": 500}),
        ),
        "transcript": (
            "transcripts.parquet",
            pd.DataFrame(
                {
                    "transcript_id": transcripts,
                    "gene_id": np.repeat(GENES, 2),
                    "length": [1000, 950] * 4,
                }
            ),
        ),
        "psi": (
            "psi.parquet",
            pd.DataFrame({"psi_uid": [f"PSI_{gene}" for gene in GENES], "gene_id": GENES}),
        ),
        "truth_module": (
            "truth_modules.parquet",
            pd.DataFrame({"gene_id": [GENES[i] for i in (0, 1, 3)], "module_id": [1, 0, 0]}),
        ),
        "truth_switch": (
            "truth_switch.parquet",
            pd.DataFrame({"gene_id": GENES, "has_switch": [True, True, False, False]}),
        ),
        "truth_abundance": (
            "truth_abundance.parquet",
            pd.DataFrame({"gene_id": GENES, "has_abundance": [True, False, False, True]}),
        ),
        "truth_channel_role": (
            "truth_channel_role.parquet",
            pd.DataFrame(
                {
                    "gene_id": GENES,
                    "module_id": pd.array(MODULES, dtype="Int64"),
                    "truth_role": ROLES,
                    "has_switch": [True, True, False, False],
                }
            ),
        ),
    }
    samples = pd.DataFrame(
        {
            "sample_id": [f"S{i:03d}" for i in range(6)],
            "Dx": ["Control"] * 3 + ["SCZD"] * 3,
            "Age": np.linspace(30, 70, 6),
            "Sex": ["F", "M"] * 3,
        }
    )
    matrices = {
        "gene_counts": rng.gamma(10, 30, (4, 6)),
        "transcript_counts": rng.poisson(50, (8, 6)).astype(np.float64),
        "psi": np.clip(rng.random((4, 6)), 1e-4, 1 - 1e-4),
    }
    manifest = {
        "dataset_name": "old_v1",
        "description": "0.1 fixture",
        "feature_tables": [
            {"filename": filename, "kind": kind, "n_rows": len(frame)}
            for kind, (filename, frame) in tables.items()
        ],
        "matrices": [
            {
                "assay_name": assay,
                "encoding": "dense_npz",
                "filename": f"{assay}.npz",
                "n_features": data.shape[0],
                "n_samples": data.shape[1],
            }
            for assay, data in matrices.items()
        ],
        "provenance": {"generator": "multiplex_v1", "seed": "8"},
        "sample_table": "samples.parquet",
        "suite_name": "multiplex_v1",
        "truth_tables": [name for kind, (name, _) in tables.items() if kind.startswith("truth")],
    }
    samples.to_parquet(folder / "samples.parquet", index=False)
    for filename, frame in tables.values():
        frame.to_parquet(folder / filename, index=False)
    for assay, data in matrices.items():
        np.savez_compressed(folder / f"{assay}.npz", data=data)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True))
    return folder


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder of a 0.1 fixture."""
    return write_old_fixture(tmp_path / "old_v1")


def test_an_old_fixture_is_valid(old: Path) -> None:
    assert validate_bundle(old) == ()


def test_names_tables_and_matrices_are_read(old: Path) -> None:
    bundle = load_bundle(old)
    assert (bundle.name, bundle.suite, bundle.description) == (
        "old_v1",
        "multiplex_v1",
        "0.1 fixture",
    )
    assert bundle.provenance == {"generator": "multiplex_v1", "seed": "8"}
    assert bundle.path == old
    assert bundle.has_truth
    assert list(bundle.tables) == [
        "gene",
        "transcript",
        "psi",
        "truth_module",
        "truth_switch",
        "truth_abundance",
        "truth_channel_role",
    ]
    for assay in ("gene_counts", "transcript_counts", "psi"):
        with np.load(old / f"{assay}.npz") as stored:
            np.testing.assert_array_equal(bundle.matrices[assay], stored["data"])


def test_rows_keep_their_order(old: Path) -> None:
    bundle = load_bundle(old)
    assert bundle.tables["gene"]["gene_id"].tolist() == GENES
    assert bundle.tables["psi"]["gene_id"].tolist() == GENES


def test_integer_modules_become_text(old: Path) -> None:
    truth = load_bundle(old).tables["truth_module"]
    assert truth["module_id"].tolist() == ["1", "0", "0"]


def test_background_genes_have_no_module(old: Path) -> None:
    roles = load_bundle(old).tables["truth_channel_role"]
    assert roles["module_id"].tolist() == ["1", "0", None, "0"]
    assert roles["truth_role"].tolist() == ROLES


@pytest.mark.parametrize("modules", [[1.0, 0.0, np.nan, 0.0], ["1", "0", None, "0"]])
def test_modules_read_the_same_however_they_are_stored(old: Path, modules: list[Any]) -> None:
    expected = load_bundle(old).content_hash
    frame = pd.read_parquet(old / "truth_channel_role.parquet").assign(module_id=modules)
    frame.to_parquet(old / "truth_channel_role.parquet", index=False)
    assert load_bundle(old).content_hash == expected


def test_an_old_bundle_written_anew_is_the_same(old: Path, tmp_path: Path) -> None:
    bundle = load_bundle(old)
    again = load_bundle(save_bundle(bundle, tmp_path / "new"))
    assert again.content_hash == bundle.content_hash
    assert set(again.provenance) == {"generator", "seed", "schema_version"}


def test_truth_tables_are_listed_twice_when_written(old: Path, tmp_path: Path) -> None:
    save_bundle(load_bundle(old), tmp_path / "new")
    manifest = json.loads((tmp_path / "new" / "manifest.json").read_text(encoding="utf-8"))
    listed = {entry["filename"] for entry in manifest["feature_tables"]}
    assert len(manifest["truth_tables"]) == 4
    assert set(manifest["truth_tables"]) <= listed


def test_gene_table_may_be_absent(folder: Folder) -> None:
    def without_genes(manifest: dict[str, Any]) -> None:
        manifest["feature_tables"] = manifest["feature_tables"][:1]
        manifest["matrices"] = manifest["matrices"][:1]

    folder.edit(without_genes)
    bundle = load_bundle(folder.path)
    assert list(bundle.tables) == ["transcript"]
    assert bundle.gene_ids.tolist() == ["GA", "GB", "GC"]


def test_genes_and_expression_alone_are_enough(folder: Folder) -> None:
    def only_expression(manifest: dict[str, Any]) -> None:
        manifest["feature_tables"] = manifest["feature_tables"][1:2]
        manifest["matrices"] = [{**manifest["matrices"][1], "assay_name": "gene_expression"}]

    values = np.array([[-3.5, np.nan, 0.0, 2.0]] * 3)
    folder.matrix("gene_counts.npz", data=values)
    folder.edit(only_expression)
    np.testing.assert_array_equal(load_bundle(folder.path).matrices["gene_expression"], values)


def test_truth_tables_and_encoding_may_be_left_out(folder: Folder) -> None:
    folder.edit(lambda m: m.pop("truth_tables"))
    folder.edit(lambda m: m["matrices"][0].pop("encoding"))
    assert validate_bundle(folder.path) == ()


def test_a_truth_table_may_be_empty(folder: Folder) -> None:
    columns = {"gene_id": pd.Series([], dtype=object), "module_id": pd.Series([], dtype="int64")}
    folder.add_table("truth_module", "truth_modules.parquet", columns, truth=True)
    assert load_bundle(folder.path).tables["truth_module"].shape == (0, 2)


def test_files_may_stand_in_a_folder_inside(folder: Folder) -> None:
    (folder.path / "matrices").mkdir()
    (folder.path / "psi.npz").rename(folder.path / "matrices" / "psi.npz")
    folder.edit(lambda m: m["matrices"][2].update(filename="matrices/psi.npz"))
    assert validate_bundle(folder.path) == ()


def test_a_link_to_the_bundle_folder_is_followed(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder.path)
    assert validate_bundle(tmp_path / "link") == ()


def test_a_manifest_with_a_byte_order_mark_is_read(folder: Folder) -> None:
    path = folder.path / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert validate_bundle(folder.path) == ()


def test_numeric_ids_become_text(folder: Folder) -> None:
    folder.table("samples.parquet", {"sample_id": [11, 12, 13, 14], "module_id": [1, 2, 3, 4]})
    samples = load_bundle(folder.path).samples
    assert samples["sample_id"].tolist() == ["11", "12", "13", "14"]
    assert samples["module_id"].dtype == np.int64  # a trait by that name stays a number


def test_categories_and_dates_become_text(folder: Folder) -> None:
    folder.table(
        "samples.parquet",
        {
            "sample_id": pd.Categorical(["S1", "S2", "S3", "S4"]),
            "Dx": pd.Categorical(["b", "a", None, "a"]),
            "when": pd.to_datetime(["2001-10-22"] * 4),
        },
    )
    samples = load_bundle(folder.path).samples
    assert samples["Dx"].tolist() == ["b", "a", None, "a"]
    assert samples["when"].str.startswith("2001-10-22").all()


def test_sample_id_comes_first_and_a_stored_index_is_dropped(folder: Folder) -> None:
    frame = pd.DataFrame({"Dx": list("aabb"), "sample_id": ["S1", "S2", "S3", "S4"]}, list("wxyz"))
    frame.to_parquet(folder.path / "samples.parquet")
    assert list(load_bundle(folder.path).samples) == ["sample_id", "Dx"]


@pytest.mark.parametrize("dtype", [np.float32, np.int16, ">f8", ">i4", np.uint8])
def test_matrices_keep_their_dtype_in_native_byte_order(folder: Folder, dtype: Any) -> None:
    data = np.arange(20).reshape(5, 4)
    folder.matrix("transcript_counts.npz", data=np.asfortranarray(data.astype(dtype)))
    loaded = load_bundle(folder.path).matrices["transcript_counts"]
    assert loaded.dtype == np.dtype(dtype).newbyteorder("=")
    assert loaded.dtype.isnative
    np.testing.assert_array_equal(loaded, data)


def test_an_old_fixture_can_be_fitted(old: Path) -> None:
    # four genes with more switch axes than genes
    fit = isograph.fit(load_bundle(old), study=isograph.make_study(bundle=old, name="old"))
    assert len(fit.fates) == len(load_bundle(old).gene_ids)
