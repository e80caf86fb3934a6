"""Many samples to matrices, with readers made for the tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from isograph.errors import Problem, Problems
from isograph.importers.quantifiers import Quantified, SampleQuant, stack
from isograph.importers.quantifiers.stack import merge_problems
from isograph.progress import Steps
from tests.importers.quantifiers.made import told


def sample(
    ids: str,
    counts: list[float],
    *,
    effective: list[float] | None = None,
    lengths: list[float] | None = None,
    processed: int | None = None,
) -> SampleQuant:
    return SampleQuant(
        ids=pa.array(ids.split(), pa.string()),
        counts=np.array(counts, dtype=np.float64),
        effective_lengths=None if effective is None else np.array(effective, dtype=np.float64),
        lengths=None if lengths is None else np.array(lengths, dtype=np.float64),
        n_processed=processed,
    )


class _Reader:
    """Hands out samples by path; None is a bad file."""

    def __init__(self, samples: Mapping[str, SampleQuant | None]) -> None:
        self.samples = samples

    def __call__(self, path: Path, problems: Problems) -> SampleQuant | None:
        found = self.samples[path.name]
        if found is None:
            problems.add(path.name, "is bad", fix="mend it")
        return found


def stacked(
    samples: Mapping[str, SampleQuant | None], *, allow_union: bool = False
) -> tuple[Quantified | None, str]:
    problems = Problems()
    files = {name: Path(name) for name in samples}
    found = stack(files, _Reader(samples), problems=problems, allow_union=allow_union)
    return found, told(problems)


def good(samples: Mapping[str, SampleQuant | None], *, allow_union: bool = False) -> Quantified:
    found, message = stacked(samples, allow_union=allow_union)
    assert found is not None, message
    assert not message
    return found


def test_rows_follow_the_first_sample_whatever_the_order_of_the_others() -> None:
    found = good({"a": sample("T2 T1 T3", [2, 1, 3]), "b": sample("T3 T2 T1", [30, 20, 10])})

    assert list(found.transcript_ids) == ["T2", "T1", "T3"]
    assert found.counts.tolist() == [[2, 20], [1, 10], [3, 30]]


def test_matrices_are_as_wide_as_needed_and_no_wider() -> None:
    found = good({"a": sample("T1", [1.0000001], effective=[9])})

    assert found.counts.dtype == np.float64
    assert found.counts[0, 0] == 1.0000001
    assert found.effective_lengths is not None
    assert found.effective_lengths.dtype == np.float32
    assert found.lengths is None


def test_a_bad_first_file_hides_no_other_fault() -> None:
    found, message = stacked({"a": None, "b": sample("T1", [1]), "c": None, "d": sample("T2", [1])})

    assert found is None
    assert "a: is bad" in message
    assert "c: is bad" in message
    assert "d (lacks 1, has 1 more)" in message


def test_only_bad_files_are_told_once_each() -> None:
    found, message = stacked({"a": None, "b": None})

    assert found is None
    assert message.count("is bad") == 2


def test_if_all_differ_from_the_first_it_may_be_the_odd_one() -> None:
    others = {name: sample("T1 T2", [1, 1]) for name in "bcd"}

    _, message = stacked({"a": sample("T1", [1])} | others)

    assert "a may be the odd one" in message


def test_a_union_is_the_same_whichever_sample_is_first() -> None:
    samples = {
        "a": sample("T1 T2", [1, 2], effective=[10, 20], lengths=[100, 200]),
        "b": sample("T3 T1", [30, 10], effective=[33, 11], lengths=[300, 100]),
        "c": sample("T2", [200], effective=[22], lengths=[200]),
    }

    one = good(samples, allow_union=True)
    other = good(dict(reversed(samples.items())), allow_union=True)

    def cells(found: Quantified, values: np.ndarray | None) -> dict[tuple[str, str], float]:
        assert values is not None
        return {
            (transcript, name): float(values[row, column])
            for row, transcript in enumerate(found.transcript_ids)
            for column, name in enumerate(found.sample_ids)
        }

    assert cells(one, one.counts) == cells(other, other.counts)
    assert cells(one, one.effective_lengths) == cells(other, other.effective_lengths)
    assert cells(one, one.counts)["T3", "a"] == 0
    # the mean of those that have it
    assert cells(one, one.effective_lengths)["T2", "b"] == 21
    assert one.lengths is not None
    assert dict(zip(one.transcript_ids, one.lengths, strict=True)) == {
        "T1": 100,
        "T2": 200,
        "T3": 300,
    }


def test_a_union_of_equal_sets_is_no_other_than_without() -> None:
    samples = {"a": sample("T1 T2", [1, 2]), "b": sample("T2 T1", [20, 10])}

    one, other = good(samples), good(samples, allow_union=True)

    assert one.counts.tobytes() == other.counts.tobytes()
    assert one.notes == other.notes == []


def test_a_sample_of_the_union_keeps_its_reads_processed() -> None:
    samples = {"a": sample("T1", [1], processed=5), "b": sample("T2", [2], processed=7)}

    found = good(samples, allow_union=True)

    assert found.n_processed is not None
    assert found.n_processed.tolist() == [5, 7]


def test_empty_samples_and_other_lengths_are_noted() -> None:
    found = good(
        {
            "a": sample("T1 T2", [1, 2], lengths=[100, 200]),
            "b": sample("T1 T2", [0, 0], lengths=[100, 200]),
            "c": sample("T1 T2", [1, 2], lengths=[100, 250]),
        }
    )

    assert found.notes == [
        "1 samples without a single count: b",
        "1 samples have other lengths for up to 1 transcripts than a (c): those of a are used",
    ]


def test_an_empty_sample_of_a_union_is_noted_too() -> None:
    samples = {"a": sample("T1", [1]), "b": sample("T2", [0])}

    assert "1 samples without a single count: b" in good(samples, allow_union=True).notes


@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_threads_change_nothing(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    names = [f"T{number}" for number in range(50)]
    samples: dict[str, SampleQuant | None] = {}
    for number in range(12):
        order = rng.permutation(50)
        ids = " ".join(names[place] for place in order)
        samples[f"S{number}"] = sample(ids, (order * 100 + number).tolist())
    monkeypatch.setenv("ISOGRAPH_THREADS", threads)

    found = good(samples)

    of_row = np.array([int(name[1:]) for name in found.transcript_ids])
    np.testing.assert_array_equal(found.counts, of_row[:, None] * 100 + np.arange(12))


def test_a_fault_of_many_files_is_told_once_with_three_of_them() -> None:
    found = [Problem(f"f{number}", "is bad", fix="mend it") for number in range(5)]
    found.append(Problem("g", "is worse"))

    merged = merge_problems(found)

    assert [str(one) for one in merged] == [
        "5 files: is bad (5): f0, f1, f2, … → mend it",
        "g: is worse",
    ]


def test_steps_tell_how_many_are_read() -> None:
    class Told(Steps):
        def tell(self, text: str) -> None:
            said.append(text)

    said: list[str] = []
    files = {name: Path(name) for name in "abc"}
    reader = _Reader({name: sample("T1", [1]) for name in "abc"})

    assert stack(files, reader, problems=Problems(), steps=Told()) is not None

    assert said[-1] == "3 of 3 samples"
    assert len(said) == 3
