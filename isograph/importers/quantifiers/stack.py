"""One sample's file after the other into matrices that are there from the start."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from isograph.errors import Problem, Problems
from isograph.importers.quantifiers.model import (
    Floats,
    Quantified,
    SampleQuant,
    as_objects,
)
from isograph.importers.quantifiers.union import Union
from isograph.machine import in_threads
from isograph.progress import Steps

Reader = Callable[[Path, Problems], SampleQuant | None]

_MATRICES = {"counts": np.float64, "effective_lengths": np.float32}
_SINGLE = 3  # so many files with the same fault are named one by one
_OTHER_INDEX = (
    "quantify all samples with one index; if all files are whole, --allow-union counts what one "
    "lacks as 0"
)


@dataclass(frozen=True)
class _Outcome:
    """What remains of one sample once its numbers are in the matrices."""

    problems: tuple[Problem, ...] = ()
    n_processed: float = np.nan
    n_absent: int = 0
    more: Any = None  # ids that the reference lacks, where the sets differ
    other_lengths: int = 0
    other_genes: tuple[str, ...] = ()
    n_other_genes: int = 0
    empty: bool = False

    @property
    def differs(self) -> bool:
        return self.more is not None


@dataclass
class _Stack:
    """Matrices being filled; `reference` says which row is which transcript."""

    files: list[tuple[str, Path]]
    read: Reader
    reference: SampleQuant
    matrices: dict[str, npt.NDArray[Any]]
    steps: Steps | None
    n_done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self) -> None:
        """Show how many files are read."""
        with self.lock:
            self.n_done += 1
            if self.steps is not None:
                self.steps.tell(f"{self.n_done} of {len(self.files)} samples")


def stack(
    files: Mapping[str, Path],
    read: Reader,
    *,
    problems: Problems,
    steps: Steps | None = None,
    allow_union: bool = False,
) -> Quantified | None:
    """Read one file a sample, several at a time, into matrices of all samples.

    Rows stand in the order of the first sample's file. A file is dropped from memory as soon as its
    column is filled, so that memory is that of the result plus a file a thread.

    Args:
        files: file by sample id; columns keep this order.
        read: reads one file, notes what is wrong with it.
        problems: collects what is wrong with all files.
        steps: tells how many files are read.
        allow_union: samples may have different sets of transcripts; those that a sample lacks get
            0 counts, and the mean effective length of the samples that have them.

    Returns:
        All samples; None, with the reasons noted, where a file is not good or samples disagree.
    """
    items = list(files.items())
    reference, before = _first_readable(items, read, problems)
    if reference is None:
        return None
    shape = (len(reference.counts), len(items))
    there = [name for name in _MATRICES if getattr(reference, name) is not None]
    state = _Stack(
        files=items,
        read=read,
        reference=reference,
        matrices={name: np.zeros(shape, _MATRICES[name]) for name in there},
        steps=steps,
        n_done=before,
    )
    # the first good file is read once more with the others: one way for all of them
    outcomes = in_threads(lambda column: _fill(state, column), list(range(before, len(items))))
    name_of_first = items[before][0]
    found = [problem for outcome in outcomes for problem in outcome.problems]
    problems.found.extend(merge_problems(found))
    samples = [sample for sample, _ in items[before:]]
    differing = [sample for sample, o in zip(samples, outcomes, strict=True) if o.differs]
    if differing and not allow_union:
        _note_differing(samples, outcomes, name_of_first, len(reference.counts), problems)
    _note_genes(samples, outcomes, name_of_first, problems)
    if before or problems:
        return None
    notes = _notes(samples, outcomes, name_of_first)
    if differing:
        _unite(state, outcomes, problems)
        if problems:
            return None
        notes.append(
            f"{len(differing)} samples have other transcripts than {name_of_first} "
            f"({', '.join(differing[:3])}{', …' if len(differing) > _SINGLE else ''}): "
            "what a sample lacks counts as 0"
        )
    return _result(state, outcomes, notes)


def merge_problems(found: Sequence[Problem]) -> list[Problem]:
    """The same fault in many files as one problem that names three of them."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in found:
        groups.setdefault((problem.what, problem.fix), []).append(problem)
    merged: list[Problem] = []
    for (what, fix), group in groups.items():
        if len(group) <= _SINGLE:
            merged.extend(group)
        else:
            examples = tuple(problem.where for problem in group)
            merged.append(Problem(f"{len(group)} files", what, examples, len(group), fix))
    return merged


def _first_readable(
    items: list[tuple[str, Path]], read: Reader, problems: Problems
) -> tuple[SampleQuant | None, int]:
    """The first good sample and how many bad ones stand before it, whose problems are noted."""
    found = Problems()
    for position, (_, path) in enumerate(items):
        sample = read(path, found)
        if sample is not None:
            problems.found.extend(merge_problems(found.found))
            return sample, position
    problems.found.extend(merge_problems(found.found))
    return None, len(items)


def _fill(state: _Stack, column: int) -> _Outcome:
    """Read the file of one column, put its numbers in place and drop it."""
    own = Problems()
    sample = state.read(state.files[column][1], own)
    state.tell()
    if sample is None:
        return _Outcome(problems=tuple(own.found))
    reference = state.reference
    rows: Any = slice(None)
    order: Any = slice(None)
    if not sample.ids.equals(reference.ids):
        place = pc.index_in(reference.ids, value_set=sample.ids)
        if place.null_count or len(sample.ids) != len(reference.ids):
            known = pc.is_in(sample.ids, value_set=reference.ids)
            there = place.is_valid().to_numpy(zero_copy_only=False)
            rows, order = np.flatnonzero(there), place.drop_null().to_numpy()
            return replace(
                _compared(sample, reference, rows, order),
                n_absent=place.null_count,
                more=sample.ids.filter(pc.invert(known)),
            )
        order = place.to_numpy()
    for name, matrix in state.matrices.items():
        matrix[:, column] = getattr(sample, name)[order]
    return _compared(sample, reference, rows, order)


def _compared(sample: SampleQuant, reference: SampleQuant, rows: Any, order: Any) -> _Outcome:
    """What one sample's file says about transcripts, against the reference.

    Args:
        sample: one sample.
        reference: the first.
        rows: of the reference, those that the sample has; all as a slice.
        order: where in the sample these stand.
    """
    other_lengths, other, n_other = 0, (), 0
    if sample.lengths is not None and reference.lengths is not None:
        unlike = sample.lengths[order] != reference.lengths[rows]
        other_lengths = int(np.count_nonzero(unlike))
    if sample.genes is not None and not sample.genes.equals(reference.genes):
        own, first = _at(sample.genes, order), _at(reference.genes, rows)
        names = _at(reference.ids, rows).filter(pc.not_equal(own, first))
        other, n_other = tuple(names[:3].to_pylist()), len(names)
    return _Outcome(
        n_processed=np.nan if sample.n_processed is None else sample.n_processed,
        other_lengths=other_lengths,
        other_genes=other,
        n_other_genes=n_other,
        empty=not sample.counts.any(),
    )


def _at(column: Any, rows: Any) -> Any:
    """An arrow column at some rows; a slice means all."""
    return column if isinstance(rows, slice) else column.take(pa.array(rows))


def _note_differing(
    samples: Sequence[str],
    outcomes: Sequence[_Outcome],
    first: str,
    n_reference: int,
    problems: Problems,
) -> None:
    """Name the samples whose transcripts are others than those of the first."""
    examples = [
        f"{sample} (lacks {o.n_absent:,}, has {len(o.more):,} more)"
        for sample, o in zip(samples, outcomes, strict=True)
        if o.differs
    ]
    # if nearly all differ from the first, it is the first that is unlike the others
    odd = f"; {first} may be the odd one" if len(examples) > len(samples) / 2 > 1 else ""
    problems.add(
        "samples",
        f"other transcripts than the {n_reference:,} of {first}: quantified with another "
        f"index, or cut off{odd}",
        examples=examples,
        count=len(examples),
        fix=_OTHER_INDEX,
    )


def _note_genes(
    samples: Sequence[str], outcomes: Sequence[_Outcome], first: str, problems: Problems
) -> None:
    unlike = [
        f"{sample} ({o.n_other_genes:,}: {', '.join(o.other_genes)})"
        for sample, o in zip(samples, outcomes, strict=True)
        if o.n_other_genes
    ]
    if unlike:
        problems.add(
            "samples",
            f"transcripts have other genes than in {first}",
            examples=unlike,
            count=len(unlike),
            fix="quantify all samples with one annotation",
        )


def _notes(samples: Sequence[str], outcomes: Sequence[_Outcome], first: str) -> list[str]:
    """Sentences about what is odd and no fault."""
    notes = []
    empty = [s for s, o in zip(samples, outcomes, strict=True) if o.empty]
    if empty:
        notes.append(f"{len(empty)} samples without a single count: {', '.join(empty[:3])}")
    other = [s for s, o in zip(samples, outcomes, strict=True) if o.other_lengths]
    if other:
        most = max(o.other_lengths for o in outcomes)
        notes.append(
            f"{len(other)} samples have other lengths for up to {most:,} transcripts than {first} "
            f"({', '.join(other[:3])}): those of {first} are used"
        )
    return notes


def _unite(state: _Stack, outcomes: Sequence[_Outcome], problems: Problems) -> None:
    """Add rows for the transcripts that only some samples have, and fill in those samples."""
    more = pa.chunked_array([o.more for o in outcomes if o.differs], pa.string())
    union = Union(state.reference, more.unique(), state.matrices, len(state.files))
    for column in [column for column, outcome in enumerate(outcomes) if outcome.differs]:
        name, path = state.files[column]
        sample = state.read(path, Problems())
        assert sample is not None  # it was good a moment ago
        union.add(column, name, sample)
    state.reference, state.matrices = union.finish(problems), union.matrices


def _result(state: _Stack, outcomes: Sequence[_Outcome], notes: list[str]) -> Quantified:
    reference = state.reference
    processed: Floats = np.array([outcome.n_processed for outcome in outcomes], dtype=np.float64)
    return Quantified(
        transcript_ids=as_objects(reference.ids),
        sample_ids=np.array([sample for sample, _ in state.files], dtype=object),
        counts=state.matrices["counts"],
        effective_lengths=state.matrices.get("effective_lengths"),
        lengths=reference.lengths,
        gene_ids=reference.gene_ids if _tells_genes(reference) else None,
        gene_names=reference.gene_names,
        sources=list(state.files),
        notes=notes,
        n_processed=None if np.isnan(processed).all() else processed,
    )


def _tells_genes(reference: SampleQuant) -> bool:
    """Whether the files know a gene; RSEM without a map calls each transcript its own gene."""
    genes = reference.genes
    return genes is not None and genes.null_count < len(genes) and not genes.equals(reference.ids)
