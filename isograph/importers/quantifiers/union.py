"""Samples of different sets of transcripts in one set of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from isograph.errors import Problems
from isograph.importers.quantifiers.model import SampleQuant


class Union:
    """Matrices with rows for the transcripts that the first sample lacks.

    Attributes:
        matrices: by name, shape (n + n_new, s); rows of the first sample, then the new ones.
    """

    def __init__(
        self,
        reference: SampleQuant,
        more: Any,
        matrices: dict[str, npt.NDArray[Any]],
        n_samples: int,
    ) -> None:
        """Make room.

        Args:
            reference: the first sample.
            more: ids of the new rows, arrow strings.
            matrices: by name, shape (n, s), filled for the samples that have the first's set.
            n_samples: s.
        """
        n_new = len(more)
        self._n_old = len(reference.ids)
        self._ids = pa.concat_arrays([reference.ids, more])
        self._has = np.zeros((len(self._ids), n_samples), dtype=bool)
        self._has[: self._n_old] = True
        lengths = reference.lengths
        self._lengths = None if lengths is None else np.pad(lengths, (0, n_new))
        self._genes = _longer(reference.genes, n_new)
        self._names = _longer(reference.names, n_new)
        self._unlike: list[str] = []
        self.matrices = {
            name: np.pad(matrix, ((0, n_new), (0, 0))) for name, matrix in matrices.items()
        }

    def add(self, column: int, name: str, sample: SampleQuant) -> None:
        """Put in the numbers of a sample that has another set of transcripts."""
        place = pc.fill_null(pc.index_in(self._ids, value_set=sample.ids), -1).to_numpy()
        rows = np.flatnonzero(place >= 0)
        self._has[:, column] = place >= 0
        for field, matrix in self.matrices.items():
            matrix[:, column] = 0
            matrix[rows, column] = getattr(sample, field)[place[rows]]
        new = rows[rows >= self._n_old]
        if self._lengths is not None and sample.lengths is not None:
            self._lengths[new] = sample.lengths[place[new]]
        if sample.genes is not None and self._genes is not None:
            own = self._of_new_rows(sample.genes, place)
            # null, where one of the two tells no gene, is not unlike
            unlike = self._ids.filter(pc.not_equal(self._genes, own))
            if len(unlike):
                self._unlike.append(
                    f"{name} ({len(unlike):,}: {', '.join(unlike[:3].to_pylist())})"
                )
            self._genes = pc.coalesce(self._genes, own)
        if sample.names is not None and self._names is not None:
            self._names = pc.coalesce(self._names, self._of_new_rows(sample.names, place))

    def finish(self, problems: Problems) -> SampleQuant:
        """What is told of all transcripts; its counts are 0.

        Args:
            problems: collects samples that have other genes for new transcripts than samples
                before them.
        """
        if self._unlike:
            problems.add(
                "samples",
                "transcripts have other genes than in samples before",
                examples=self._unlike,
                count=len(self._unlike),
                fix="quantify all samples with one annotation",
            )
        if "effective_lengths" in self.matrices:
            _fill_lengths(self.matrices["effective_lengths"], self._has)
        return SampleQuant(
            ids=self._ids,
            counts=np.zeros(len(self._ids)),
            lengths=self._lengths,
            genes=self._genes,
            names=self._names,
        )

    def _of_new_rows(self, own: Any, place: npt.NDArray[Any]) -> Any:
        """A sample's column in the new rows, null where the sample or the row is not of them."""
        take = np.where(np.arange(len(place)) >= self._n_old, place, -1)
        return own.take(pa.array(take, mask=take < 0))


def _longer(column: Any, n_new: int) -> Any:
    if column is None:
        return None
    return pa.concat_arrays([column, pa.nulls(n_new, pa.string())])


def _fill_lengths(lengths: npt.NDArray[np.float32], has: npt.NDArray[np.bool_]) -> None:
    """Give samples that lack a transcript the mean length over those that have it, in place."""
    rows = np.flatnonzero(~has.all(axis=1))
    some, own = lengths[rows].astype(np.float64), has[rows]
    mean = np.where(own, some, 0.0).sum(axis=1) / np.maximum(own.sum(axis=1), 1)
    lengths[rows] = np.where(own, some, mean[:, None])
