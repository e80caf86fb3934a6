"""Flagged samples in sentences: what is true of several is said once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from isograph.bundle.model import Bundle
from isograph.features.blocks import block_column
from isograph.features.traits import SAMPLE_ID, read_column
from isograph.quality.model import Flag
from isograph.study import Study

_NAMED = 3


def flag_sentences(flags: Sequence[Flag], bundle: Bundle, *, study: Study) -> tuple[str, ...]:
    """One sentence a reason, with the samples that it holds for.

    A donor all of whose samples have it is named: a sample sheet that is wrong about a donor is
    another matter than swapped tubes.

    Args:
        flags: of quality control.
        bundle: its provenance may name the donor column.
        study: `block` goes before what the bundle records.
    """
    donor, column = _donors(bundle, study)
    sizes: dict[str, int] = {}
    for name in donor.values():
        sizes[name] = sizes.get(name, 0) + 1
    by_reason: dict[str, list[str]] = {}
    for flag in flags:
        by_reason.setdefault(flag.reason, []).append(flag.sample_id)
    told = []
    for reason, samples in by_reason.items():
        names = {donor.get(sample, "") for sample in samples}
        only = names.pop() if len(names) == 1 else ""
        if only and len(samples) > 1:
            every = len(samples) == sizes[only]
            who = f"{'all ' if every else ''}{len(samples)} samples of {column} {only}"
        else:
            who = _listed(samples)
        told.append(f"{who}: {reason}")
    return tuple(told)


def _donors(bundle: Bundle, study: Study) -> tuple[Mapping[str, str], str]:
    """Donor of each sample that has one, and the column."""
    samples = bundle.samples
    known = [str(name) for name in samples.columns if name != SAMPLE_ID]
    column = block_column(study.block, bundle.provenance, known=known)
    if column is None or column not in known:
        return {}, ""
    values = read_column(samples[column], categorical=True)
    pairs = zip(samples[SAMPLE_ID].astype(str), values, values.notna(), strict=True)
    return {sample: str(value) for sample, value, there in pairs if there}, column


def _listed(samples: Sequence[str]) -> str:
    shown, rest = ", ".join(samples[:_NAMED]), len(samples) - _NAMED
    return f"{shown} and {rest} more" if rest > 0 else shown
