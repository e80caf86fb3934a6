"""Sex as XIST and Y-linked genes tell it, beside what the sample sheet says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.features.traits import read_column
from isograph.quality.model import Floats

FEMALE, MALE, UNCLEAR = "female", "male", "unclear"

# of people and mice; ids without their version
XIST = frozenset(("xist", "ensg00000229807", "ensmusg00000086503"))
Y_GENES = frozenset(
    (
        *("rps4y1", "ensg00000129824"),
        *("ddx3y", "ensg00000067048", "ensmusg00000069045"),
        *("kdm5d", "ensg00000012817", "ensmusg00000056673"),
        *("uty", "ensg00000183878", "ensmusg00000068457"),
        *("eif1ay", "ensg00000198692"),
        *("usp9y", "ensg00000114374"),
        *("eif2s3y", "ensmusg00000069049"),
    )
)
HIGH, LOW = 1.0, 0.0
"""Log2 counts a million from which a signal is there, and below which it is not: 2 and 1."""

MARGIN = 2.0
"""By so much, in log2, the higher of the two must exceed the other: fourfold."""

SHALLOW = "there are too few reads to tell the sex"
NEITHER = (
    "neither XIST nor Y-linked genes are there: XIST lost (as in stem cells), Y lost, or another "
    "sex system"
)

_PRIOR = 0.5
_DEEP = 4.0  # log2 over half a read: eight reads
_COLUMN = re.compile(r"(.*[^a-z])?(sex|gender|msex)([^a-z].*)?")
_WORDS = {
    FEMALE: frozenset(("f", "female", "woman", "girl", "xx", "w", "females")),
    MALE: frozenset(("m", "male", "man", "boy", "xy", "males")),
}
_CODES = {"1": MALE, "2": FEMALE}
_MALE_IS_ONE = {"1": MALE, "0": FEMALE}
_FEMALE_IS_ONE = {"0": MALE, "1": FEMALE}


@dataclass(frozen=True)
class SexCheck:
    """What the genes tell of each sample's sex.

    Attributes:
        xist: log2 counts a million of XIST, shape (n_samples,).
        y_genes: mean over Y-linked genes of the same, shape (n_samples,).
        predicted: `female`, `male` or `unclear`, shape (n_samples,).
        why: for the unclear ones in words, else empty, shape (n_samples,).
        genes: Y-linked genes that were found, sorted by name.
    """

    xist: Floats
    y_genes: Floats
    predicted: npt.NDArray[np.object_]
    why: npt.NDArray[np.object_]
    genes: tuple[str, ...]


@dataclass(frozen=True)
class Declared:
    """What the sample sheet says.

    Attributes:
        column: its name.
        sex: `female`, `male` or None, shape (n_samples,).
        note: how codes were read, in words; empty for words.
    """

    column: str
    sex: npt.NDArray[np.object_]
    note: str


def check_sex(
    totals: Floats, gene_ids: npt.NDArray[np.str_], names: npt.NDArray[np.str_]
) -> SexCheck | None:
    """Predict sex from reads; None without XIST, or without any of the Y-linked genes.

    XIST is transcribed from inactive X chromosomes only, the other genes lie on the part of Y that
    does not recombine. Each is log2((reads + ½) / (library + 1) · 10⁶) (Law et al. 2014, Genome
    Biol. 15:R29). A sample is female or male if its signal is there, fourfold above the other, and
    the other one is not there too.

    Args:
        totals: reads of all genes, shape (n_genes, n_samples).
        gene_ids: shape (n_genes,).
        names: of the genes, shape (n_genes,).
    """
    keys = np.char.lower(np.stack([names, np.char.partition(gene_ids, ".")[:, 0]]))
    is_xist = np.isin(keys, sorted(XIST)).any(axis=0)
    is_y = np.isin(keys, sorted(Y_GENES)).any(axis=0)
    if not is_xist.any() or not is_y.any():
        return None
    library = totals.sum(axis=0)
    xist = _log_cpm(totals[is_xist].sum(axis=0, keepdims=True), library)[0]
    # one gene may have several ids, such as copies of an assembly
    kinds, row = np.unique(np.char.lower(names[is_y]), return_inverse=True)
    reads = np.zeros((len(kinds), totals.shape[1]))
    np.add.at(reads, row, totals[is_y])
    y_genes = _log_cpm(reads, library).mean(axis=0)
    predicted, why = _judge(xist, y_genes, library)
    genes = tuple(sorted(set(names[is_y].tolist())))
    return SexCheck(xist, y_genes, predicted, why, genes)


def _log_cpm(reads: Floats, library: Floats) -> Floats:
    values: Floats = np.log2((reads + _PRIOR) / (library + 1.0) * 1e6)
    return values


def _judge(
    xist: Floats, y_genes: Floats, library: Floats
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    # what ½ a read comes to: in shallow samples it would be a signal by itself
    floor = np.log2(_PRIOR / (library + 1.0) * 1e6)
    there = np.maximum(HIGH, floor + 1.0)
    both = (xist >= there) & (y_genes >= there)
    ahead = xist - y_genes
    enough = (floor < HIGH - MARGIN) | (np.maximum(xist, y_genes) - floor >= _DEEP)
    female = enough & (xist >= HIGH) & (ahead >= MARGIN) & ~both
    male = enough & (y_genes >= HIGH) & (-ahead >= MARGIN) & ~both
    predicted = np.select([female, male], [FEMALE, MALE], UNCLEAR).astype(object)
    why = np.select(
        [female | male, ~enough, both, (xist < LOW) & (y_genes < LOW)],
        [
            "",
            SHALLOW,
            "XIST and Y-linked genes are both high: two samples mixed, or XXY",
            NEITHER,
        ],
        "neither XIST nor the Y-linked genes stand out clearly",
    ).astype(object)
    return predicted, why


def declared_sex(
    samples: pd.DataFrame, predicted: npt.NDArray[np.object_] | None
) -> Declared | None:
    """The sample column that holds the sex, read as female and male.

    Words and letters are read as they are; 1 and 2 as male and female (as PLINK does). 0 and 1 have
    no such rule: they are read the way that more of the predictions agree with, except in `msex`,
    where 1 is male. Other values are missing.

    Args:
        samples: sample table.
        predicted: what the genes tell, shape (n_samples,); None if they do not.
    """
    columns = [str(name) for name in samples.columns if _COLUMN.fullmatch(str(name).casefold())]
    # the shortest name is the plainest
    for name in sorted(columns, key=lambda name: (len(name), name)):
        found = _read(name, samples[name], predicted)
        if found is not None:
            return found
    return None


def _read(
    name: str, column: pd.Series[Any], predicted: npt.NDArray[np.object_] | None
) -> Declared | None:
    values = read_column(column, categorical=True)
    text = values.astype(object).where(values.notna(), "").astype(str).str.strip().str.casefold()
    levels = set(text) - {""}
    by_word = {word: sex for sex, words in _WORDS.items() for word in words}
    if levels & set(by_word):
        return Declared(name, _mapped(text, by_word), "")
    if levels and levels <= {"1", "2"}:
        return Declared(name, _mapped(text, _CODES), "1 was read as male, 2 as female")
    if not levels or not levels <= {"0", "1"}:
        return None
    male_is_one = _mapped(text, _MALE_IS_ONE)
    turned = _mapped(text, _FEMALE_IS_ONE)
    if "msex" not in name.casefold():
        if predicted is None:
            return None
        if int((turned == predicted).sum()) > int((male_is_one == predicted).sum()):
            return Declared(name, turned, "1 was read as female, as most predictions agree with")
    return Declared(name, male_is_one, "1 was read as male, 0 as female")


def _mapped(text: pd.Series[Any], words: dict[str, str]) -> npt.NDArray[np.object_]:
    return np.array([words.get(value) for value in text], dtype=object)
