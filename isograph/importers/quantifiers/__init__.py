"""Readers of what Salmon, kallisto, RSEM, StringTie and GTEx write."""

from isograph.importers.quantifiers.find import Detected, find_samples
from isograph.importers.quantifiers.model import (
    Quantified,
    Quantifier,
    QuantOptions,
    SampleQuant,
)
from isograph.importers.quantifiers.registry import QUANTIFIERS, detect, read_quantified
from isograph.importers.quantifiers.stack import stack

__all__ = [
    "QUANTIFIERS",
    "Detected",
    "QuantOptions",
    "Quantified",
    "Quantifier",
    "SampleQuant",
    "detect",
    "find_samples",
    "read_quantified",
    "stack",
]
