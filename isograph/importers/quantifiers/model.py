"""What a quantifier's files hold, one sample's and many samples'."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from isograph.errors import Problems

Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class SampleQuant:
    """One sample's file as it is, in its own order.

    Text is kept as arrow arrays: hundreds of samples repeat the same ids, and as Python strings
    these would cost more than all the numbers. `transcript_ids`, `gene_ids` and `gene_names` give
    object arrays.

    Attributes:
        ids: transcript ids, unique and none empty, arrow strings, length n.
        counts: estimated reads or fragments, float64, shape (n,), fractions kept.
        effective_lengths: bases, shape (n,); 0 where no fragment of the library fits.
        lengths: bases, shape (n,).
        genes: gene ids where the file has them, arrow strings with null, length n.
        names: gene names where the file has them, arrow strings with null, length n.
        n_processed: reads or fragments that the quantifier was given, where it tells.
    """

    ids: Any
    counts: Floats
    effective_lengths: Floats | None = None
    lengths: Floats | None = None
    genes: Any = None
    names: Any = None
    n_processed: int | None = None

    @property
    def transcript_ids(self) -> Texts:
        """Transcript ids, dtype object, shape (n,)."""
        return as_objects(self.ids)

    @property
    def gene_ids(self) -> Texts | None:
        """Gene ids, dtype object with None, shape (n,); None where the file has none."""
        return None if self.genes is None else as_objects(self.genes)

    @property
    def gene_names(self) -> Texts | None:
        """Gene names, dtype object with None, shape (n,); None where the file has none."""
        return None if self.names is None else as_objects(self.names)


@dataclass(frozen=True)
class Quantified:
    """Many samples of one quantifier, rows aligned.

    Attributes:
        transcript_ids: dtype object, shape (n,), in the order of the first sample's file.
        sample_ids: dtype object, shape (s,).
        counts: estimated reads or fragments, float64, shape (n, s), fractions kept.
        effective_lengths: bases, float32, shape (n, s); None where the kind has none.
        lengths: bases, float64, shape (n,); None where the kind has none.
        gene_ids: dtype object with None, shape (n,), where the files hold them.
        gene_names: dtype object with None, shape (n,), where the files hold them.
        sources: (sample id, file) of every sample, in the order of `sample_ids`; samples of one
            matrix share its file.
        notes: sentences for the import report.
        n_processed: reads or fragments given to the quantifier, float64, shape (s,), NaN where it
            does not tell; None where no sample's does.
        left_out: samples of a matrix that were not asked for.
        findings: what was noticed about samples, as the import report lists it.
    """

    transcript_ids: Texts
    sample_ids: Texts
    counts: Floats
    effective_lengths: npt.NDArray[np.float32] | None
    lengths: Floats | None
    gene_ids: Texts | None
    gene_names: Texts | None
    sources: list[tuple[str, Path]]
    notes: list[str]
    n_processed: Floats | None = None
    left_out: tuple[str, ...] = ()
    findings: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class QuantOptions:
    """What some kinds need to know that their files do not tell.

    Attributes:
        read_length: of the sequencing, in bases (StringTie's coverage to counts).
    """

    read_length: float | None = None


@dataclass(frozen=True)
class Quantifier:
    """One kind of files.

    Exactly one of `read` and `read_matrix` is there.

    Attributes:
        name: as `isograph import NAME` has it.
        title: for people.
        files: file names, each also with .gz: `quant.sf` lies in a folder named for the sample,
            `*.isoforms.results` is named for it. Of one sample's files the earlier name counts; the
            first is the usual one.
        read: file, options, problems → one sample; None with the reason noted.
        read_matrix: file, samples wanted (None: all), problems → all samples; None likewise.
        strip: an end of folder names that is not part of the sample id.
        needs: fields of `QuantOptions` that must be given.
    """

    name: str
    title: str
    files: tuple[str, ...]
    read: Callable[[Path, QuantOptions, Problems], SampleQuant | None] | None = None
    read_matrix: Callable[[Path, Collection[str] | None, Problems], Quantified | None] | None = None
    strip: str = ""
    needs: frozenset[str] = frozenset()


def as_objects(column: Any) -> Texts:
    """An arrow text column as an object array with None where null."""
    objects: Texts = column.to_numpy(zero_copy_only=False).astype(object)
    return objects
