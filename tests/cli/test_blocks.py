"""Donors with several samples and ordered levels, from the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import isograph
from isograph.bundle import Bundle, save_bundle
from isograph.cli import main
from isograph.results.advice import before_reading


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def repeated(toy: Bundle) -> Bundle:
    """16 donors with four samples each."""
    samples = toy.samples.assign(
        donor=[f"d{i // 4:02d}" for i in range(64)],
        stage=["late", "early", "mid", "early"] * 16,
        sex2=["f"] * 32 + ["m"] * 32,
    )
    return replace(toy, samples=samples)


def config() -> dict[str, object]:
    found: dict[str, object] = json.loads(Path("out/fit_config.json").read_text())
    return found


def test_fit_says_which_traits_are_tested_within_and_between_donors(
    repeated: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    save_bundle(repeated, Path("b"))
    words = ["fit", "--dataset-path", "b", "--out", "out", "--block", "donor"]
    assert main([*words, "--ordered", "stage=early,mid,late"]) == 0
    record = config()["blocks"]
    assert isinstance(record, dict)
    assert (record["column"], record["n_blocks"], record["n_repeated"]) == ("donor", 16, 16)
    assert record["traits"]["stage"] == "within"
    assert record["traits"]["sex2"] == "between"
    assert config()["ordered_levels"] == {"stage": ["early", "mid", "late"]}
    said = capsys.readouterr().err
    assert "blocks: 16 of donor, 16 with several samples" in said
    assert "stage" in said.split("tested within blocks: ")[1].splitlines()[0]
    assert "sex2" in said.split("tested between blocks: ")[1].splitlines()[0]
    assert "stage: ordered: early < mid < late" in said
    assert "tested within blocks" in Path("out/run.log").read_text()
    traits = isograph.read_fit(Path("out")).traits.set_index("trait")
    assert set(traits.loc["stage", "test"]) == {"pearson"}
    assert set(traits.loc["stage", "n"]) == {64}
    assert set(traits.loc["sex2", "n"]) == {16}
    assert "donor" not in traits.index


def test_one_wrong_entry_that_makes_a_trait_vary_within_donors_is_told(
    repeated: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    sex = repeated.samples["sex2"].to_numpy(copy=True)
    sex[5] = "m"
    save_bundle(replace(repeated, samples=repeated.samples.assign(sex2=sex)), Path("b"))
    assert main(["fit", "--dataset-path", "b", "--out", "out", "--block", "donor"]) == 0
    told = "sex2 has several values in 1 of 16 donors alone and is tested within them"
    assert told in capsys.readouterr().err
    assert any(told in line for line in before_reading(isograph.read_fit(Path("out"))))
    assert "stage has several" not in Path("out/run.log").read_text()


def test_what_the_bundle_records_holds_until_it_is_switched_off(repeated: Bundle) -> None:
    levels = json.dumps({"stage": ["early", "mid", "late"]})
    known = replace(repeated, provenance={"block": "donor", "ordered_levels": levels})
    save_bundle(known, Path("b"))
    assert main(["fit", "--dataset-path", "b", "--out", "out", "--quiet"]) == 0
    recorded = isograph.read_fit(Path("out"))
    assert "blocks" in recorded.config
    assert "ordered_levels" in recorded.config
    words = ["fit", "--dataset-path", "b", "--out", "out", "--quiet", "--block", "none"]
    assert main([*words, "--categorical", "stage"]) == 0
    assert not {"blocks", "ordered_levels"} & set(config())


def test_a_study_file_says_the_same(repeated: Bundle) -> None:
    save_bundle(repeated, Path("b"))
    study = "bundle: b\nblock: donor\nordered:\n  stage: [early, mid, late]\n"
    Path("s.yaml").write_text(study)
    assert main(["fit", "--study", "s.yaml", "--out", "out", "--quiet"]) == 0
    from_file = isograph.read_fit(Path("out")).content_hash
    words = ["fit", "--dataset-path", "b", "--out", "out", "--quiet", "--block", "donor"]
    assert main([*words, "--ordered", "stage=early,mid,late"]) == 0
    assert isograph.read_fit(Path("out")).content_hash == from_file


def test_a_fit_with_donors_can_be_explained(repeated: Bundle) -> None:
    save_bundle(repeated, Path("b"))
    words = ["fit", "--dataset-path", "b", "--out", "out", "--quiet", "--block", "donor"]
    assert main([*words, "--ordered", "stage=early,mid,late"]) == 0
    told = ["explain-module", "--artifact-dir", "out", "--module-ids", "M000", "--plot"]
    assert main([*told, "--output-dir", "e", "--quiet"]) == 0
    (page,) = Path("e").rglob("module.html")
    text = page.read_text(encoding="utf-8")
    assert "Samples in blocks" in text
    assert "16 of donor" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--block", "donr"], "block: donr: no such sample column → did you mean donor?"),
        (["--ordered", "stage"], "--ordered: is not COLUMN=LOWEST,…,HIGHEST"),
        (["--ordered", "stage=a,b", "--ordered", "stage=c,d"], "orders a column twice"),
        (["--ordered", "stage=early,mid"], "ordered: stage: values that are none of its levels"),
        (["--ordered", "stage=early"], "two levels at least"),
    ],
)
def test_what_cannot_be_is_refused(
    repeated: Bundle, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    save_bundle(repeated, Path("b"))
    assert main(["fit", "--dataset-path", "b", "--out", "out", *words]) == 2
    assert message in capsys.readouterr().err
    assert not Path("out").exists()


def test_flags_go_not_beside_a_study_file(
    repeated: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    save_bundle(repeated, Path("b"))
    Path("s.yaml").write_text("bundle: b\n")
    words = ["fit", "--study", "s.yaml", "--block", "donor", "--ordered", "stage=early,late"]
    assert main(words) == 2
    assert "--block, --ordered: not together with --study" in capsys.readouterr().err


def test_null_keeps_donors_together_and_warns_of_few(
    repeated: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    save_bundle(repeated, Path("b"))
    words = ["null", "--dataset-path", "b", "--permutations", "2"]
    assert main([*words, "--block", "donor"]) == 0
    said = capsys.readouterr().out
    assert "samples of a donor kept together: 16 of 16" in said
    assert "warning" not in said
    assert main([*words, "--block", "sex2", "--out", "few"]) == 0
    assert "warning: fewer than 5 could" in capsys.readouterr().out
    record = json.loads(Path("few/null.json").read_text())
    assert record["blocks"] == {"column": "sex2", "n_blocks": 2, "n_exchangeable": 2}
