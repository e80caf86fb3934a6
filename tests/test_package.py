"""What importing costs, what is public, and what must not be installed beside it."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import isograph
from isograph import startup
from isograph.errors import IsographError

HEAVY = ("torch", "dagster", "pandas", "scipy", "sklearn", "statsmodels", "matplotlib")


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_help_loads_nothing_heavy() -> None:
    loaded = modules_after("from isograph.cli.parser import _parser; _parser().format_help()")
    assert loaded.isdisjoint(HEAVY)


def test_a_fit_needs_neither_torch_nor_dagster() -> None:
    loaded = modules_after("import isograph; isograph.fit; isograph.simulate; isograph.read_fit")
    assert loaded.isdisjoint({"torch", "dagster", "matplotlib"})


def test_the_command_that_fits_loads_only_what_every_fit_needs() -> None:
    # each of these takes longer to import than a small fit takes
    loaded = modules_after("import isograph.cli.fit")
    assert loaded.isdisjoint({"torch", "dagster", "matplotlib", "sklearn", "scipy.stats"})


def test_features_without_covariates_need_no_formula() -> None:
    # both take longer to import than a small fit takes
    loaded = modules_after("import isograph.features, isograph.modules.traits")
    assert loaded.isdisjoint({"formulaic", "scipy.stats"})


def test_the_library_never_imports_dagster() -> None:
    root = Path(isograph.__file__).parent
    for file in root.rglob("*.py"):
        assert "import dagster" not in file.read_text(encoding="utf-8"), file
        assert "from dagster" not in file.read_text(encoding="utf-8"), file


def test_every_public_name_is_there() -> None:
    for name in isograph.__all__:
        assert getattr(isograph, name) is not None
    with pytest.raises(AttributeError, match="fitt"):
        isograph.fitt  # noqa: B018


def test_the_published_package_must_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup.metadata, "version", lambda name: {"isograph": "0.1.5"}[name])
    with pytest.raises(IsographError, match="pip uninstall isograph"):
        startup.check_installation()


def test_our_own_installation_passes() -> None:
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version("isograph")
    startup.check_installation()
