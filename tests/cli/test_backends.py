"""`isograph backends` tells people what they can choose from."""

from __future__ import annotations

import pytest

from isograph.backends import backend_names, get_backend
from isograph.cli import main


def test_all_backends_are_listed_with_what_they_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backends"]) == 0
    said = capsys.readouterr().out
    for name in backend_names():
        assert name in said
        assert get_backend(name).record.summary.split()[0] in said


@pytest.mark.parametrize("name", backend_names())
def test_one_is_told_in_full(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backends", name]) == 0
    said = " ".join(capsys.readouterr().out.split())
    record = get_backend(name).record
    for text in (record.summary, record.assumes, record.limits, record.reference):
        assert " ".join(text.split()) in said


def test_a_wrong_name_is_answered_with_the_near_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backends", "wgnca"]) == 2
    assert "wgcna" in capsys.readouterr().err
