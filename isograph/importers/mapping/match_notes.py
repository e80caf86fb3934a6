"""What matching quantified transcripts to genes notices, each with its share of the reads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

SHOWN = 3
"""Examples of a finding."""

_VERSION = r"\.[0-9]+(_[^.]*)?$"


def stems(ids: pa.Array) -> pa.Array:
    """Ids without their version; what tells copies apart stays: `ENST00000381192.10_PAR_Y`."""
    return pc.replace_substring_regex(ids, _VERSION, r"\1")


def stemmed(ids: npt.NDArray[np.str_]) -> Texts:
    """Ids without their version, shape (n,)."""
    plain: Texts = stems(pa.array(ids.astype(object), type=pa.string())).to_numpy(
        zero_copy_only=False
    )
    return plain


class MatchNotes:
    """Collects findings about quantified transcripts.

    Attributes:
        ids: of the transcripts, shape (n_transcripts,).
        reads: estimated reads of each over all samples, shape (n_transcripts,).
        found: the findings so far, as `isograph.importers.mapping.identifiers.Match` has them.
    """

    def __init__(self, ids: Texts, reads: npt.NDArray[np.float64]) -> None:
        self.ids = ids
        self.reads = reads
        self.found: list[dict[str, Any]] = []
        # without any reads every transcript counts as one
        self._weights = reads if reads.any() else np.ones(len(reads))
        self._total = math.fsum(self._weights.tolist())

    def share(self, which: Flags) -> float:
        """Share of reads; the sum is exact, so it does not depend on the order of transcripts."""
        return math.fsum(self._weights[which].tolist()) / self._total if self._total else 0.0

    def top(self, which: Flags) -> Ints:
        """Places of the three of most reads, ties by id."""
        places = np.flatnonzero(which)
        if len(places) > SHOWN:
            least = np.partition(self.reads[places], -SHOWN)[-SHOWN]
            places = places[self.reads[places] >= least]
        order = np.lexsort((self.ids[places].astype(np.str_), -self.reads[places]))
        return places[order[:SHOWN]]

    def add(
        self,
        kind: str,
        which: Flags,
        action: str,
        *,
        of: Texts | None = None,
        becomes: Texts | None = None,
    ) -> None:
        """Note transcripts, if there are any.

        Args:
            kind: of the finding.
            which: shape (n_transcripts,).
            action: what was done.
            of: what examples are called in place of their id, shape (n_transcripts,).
            becomes: what each of them is taken for, shape (n_transcripts,).
        """
        if not which.any():
            return
        top = self.top(which)
        names = self.ids if of is None else of
        shown = [str(name) for name in names[top]]
        if becomes is not None:
            shown = [f"{one} → {other}" for one, other in zip(shown, becomes[top], strict=True)]
        self.say(kind, int(which.sum()), self.share(which), shown, action)

    def say(self, kind: str, n: int, share: float, examples: list[str], action: str) -> None:
        """Note anything else."""
        self.found.append(
            {"kind": kind, "n": n, "share_of_reads": share, "examples": examples, "action": action}
        )
