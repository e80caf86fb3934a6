"""How far a module's own genes stand above the others in an attribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from isograph.features.model import FeatureSet

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MemberAuc:
    """Probability that a member of a module is stronger than another gene; ties count half.

    The area under the ROC curve (Hanley & McNeil 1982, Radiology 143:29).

    Attributes:
        best_feature: by each gene's strongest feature. A gene with five features has five chances,
            so where members have more features than others even a random attribution is above ½.
        adjusted: by `adjusted_strength`, for which a random attribution is at ½.
    """

    best_feature: float
    adjusted: float


def member_auc(
    strength: Floats, features: FeatureSet, genes: npt.NDArray[np.str_]
) -> MemberAuc | None:
    """How far the genes of a module stand above all others that have features.

    Args:
        strength: of each feature, 0 or more, shape (n_features,).
        features: for the gene of each.
        genes: of the module.

    Returns:
        None where all genes with features are in the module, or none is.
    """
    member = np.isin(features.gene_ids, genes)
    if member.all() or not member.any():
        return None
    best = np.zeros(len(member))
    np.maximum.at(best, features.gene_of, strength)
    adjusted = adjusted_strength(strength, features.gene_of)
    return MemberAuc(_auc(best, member), _auc(adjusted, member))


def adjusted_strength(strength: Floats, gene_of: Ints) -> Floats:
    """Strength of each gene given how many features it has.

    With t the share of all features at least as strong as the gene's best, and m features, it is
    (1 − t)^m, the probability that m random features are all weaker (Šidák 1967, J. Am. Stat.
    Assoc. 62:626).

    Args:
        strength: of each feature, 0 or more, shape (n_features,).
        gene_of: gene of each feature, every gene with one at least, shape (n_features,).

    Returns:
        0 to 1, shape (n_genes,).
    """
    tail = stats.rankdata(-strength) / (len(strength) + 1)
    number = np.bincount(gene_of)
    least = np.ones(len(number))
    np.minimum.at(least, gene_of, tail)
    result: Floats = (1.0 - least) ** number
    return result


def _auc(strength: Floats, member: npt.NDArray[np.bool_]) -> float:
    n_in = int(np.count_nonzero(member))
    ranks = stats.rankdata(strength)
    return float((ranks[member].sum() - n_in * (n_in + 1) / 2) / (n_in * (len(member) - n_in)))
