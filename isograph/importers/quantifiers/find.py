"""Where a folder keeps its samples, and of which kind they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from isograph.errors import Problems
from isograph.importers.quantifiers.model import Quantifier

DEPTH = 3
"""Folders below the one given that are searched: RESULTS/star_salmon/stringtie/SAMPLE."""

_SHOWN = 5
_MARKS = frozenset(
    ("aux_info", "cmd_info.json", "lib_format_counts.json", "libParams", "run_info.json", "logs")
) | {f"{name}.ctab" for name in ("e_data", "i_data", "e2t", "i2t")}
"""What quantifiers leave in a sample's folder beside its counts."""

_TOOLS = frozenset(("salmon", "kallisto", "rsem", "stringtie", "quant", "quants", "ballgown"))
"""Names of folders and files within a sample's folder, as bcbio has them: SAMPLE/salmon."""


@dataclass(frozen=True)
class Detected:
    """One set of samples in a folder.

    Attributes:
        kind: name of the quantifier.
        folder: where to import from.
        n_files: one a sample, or one matrix.
        evidence: a sentence for people.
    """

    kind: str
    folder: Path
    n_files: int
    evidence: str


@dataclass(frozen=True)
class _Hit:
    """One file of a quantifier: rank of its name, sample id, the folder that holds the samples."""

    sample: str
    path: Path
    rank: int
    root: Path


def find_samples(folder: Path, kind: Quantifier, problems: Problems) -> dict[str, Path]:
    """Files of one kind in a folder and up to three folders below it, by sample id, sorted.

    A sample is named by its folder (`quant.sf`) or by its file (`*.isoforms.results`, `*.sf`).
    Hidden folders are skipped. A matrix kind may be given the file itself.

    Args:
        folder: what holds the samples, an nf-core/rnaseq results folder, or one sample's folder.
        kind: what to look for.
        problems: collects: no such folder, nothing found, two files of one sample.
    """
    folder = Path(folder)
    if kind.read_matrix is not None and folder.is_file():
        return {folder.name: folder}
    if not folder.is_dir():
        what = "is a file, not a folder of samples" if folder.exists() else "no such folder"
        problems.add(str(folder), what, fix="name the folder that holds the samples")
        return {}
    unreadable: list[str] = []
    hits = _keep_first(_hits(folder, [kind], unreadable)[kind.name])
    if unreadable:
        problems.add(
            str(folder),
            "folders that cannot be read",
            examples=unreadable,
            count=len(unreadable),
            fix="give yourself the right to read them",
        )
    if not hits:
        _note_nothing(folder, kind, problems)
    by_sample: dict[str, list[_Hit]] = {}
    for hit in hits:
        by_sample.setdefault(hit.sample, []).append(hit)
    _note_clashes(folder, by_sample, problems)
    return {sample: by_sample[sample][0].path for sample in sorted(by_sample)}


def detect_kinds(folder: Path, kinds: Sequence[Quantifier], problems: Problems) -> list[Detected]:
    """Which kinds of files a folder holds, most samples first.

    Samples of one kind in several folders (batches) count as one set unless their ids clash, as
    `star_salmon` and `salmon` of one nf-core/rnaseq run do; then each folder is a set.

    Args:
        folder: see `find_samples`.
        kinds: what to look for.
        problems: collects: no such folder, nothing found.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file, not a folder of samples" if folder.exists() else "no such folder"
        problems.add(str(folder), what, fix="name the folder that holds the samples")
        return []
    found: list[Detected] = []
    hits_of = _hits(folder, kinds, [])
    for kind in kinds:
        hits = _keep_first(hits_of[kind.name])
        roots = sorted({hit.root for hit in hits})
        clash = len({hit.sample for hit in hits}) < len(hits)
        sets = [[hit for hit in hits if hit.root == root] for root in roots] if clash else [hits]
        found.extend(_detected(folder, kind, some, clash=clash) for some in sets if some)
    if not found:
        _note_nothing(folder, None, problems, kinds)
    return sorted(found, key=lambda one: (-one.n_files, one.kind, str(one.folder)))


def folders_without(files: Sequence[Path], kind: Quantifier) -> list[str]:
    """Names of folders beside the samples' own that hold no such file: runs that failed?

    Only folders that look like a sample's: empty ones, broken links, and those with the other
    files of a quantifier.
    """
    plain = [name for name in kind.files if "*" not in name]
    samples = {path.parent for path in files if path.name.removesuffix(".gz") in plain}
    beside: set[str] = set()
    for root in {folder.parent for folder in samples}:
        listed = (path for path in _listed(root, []) if path not in samples)
        beside.update(path.name for path in listed if _failed(path))
    return sorted(beside)


def _failed(path: Path) -> bool:
    """Whether a folder may be that of a sample without its file."""
    if not path.exists():
        return path.is_symlink()
    if not path.is_dir():
        return False
    names = {one.name for one in _listed(path, [])}
    return not names or bool(names & _MARKS)


def _detected(folder: Path, kind: Quantifier, hits: Sequence[_Hit], *, clash: bool) -> Detected:
    samples = sorted(hit.sample for hit in hits)
    at = hits[0].root if clash else folder
    shown = ", ".join(samples[:3]) + (", …" if len(samples) > 3 else "")
    place = "" if at == folder else f" in {at.relative_to(folder)}"
    word = "files" if kind.read_matrix is not None else "samples"
    evidence = f"{kind.title}: {len(samples)} {word} with {hits[0].path.name}{place} ({shown})"
    return Detected(kind.name, at, len(samples), evidence)


def _hits(
    folder: Path, kinds: Sequence[Quantifier], unreadable: list[str]
) -> dict[str, list[_Hit]]:
    hits: dict[str, list[_Hit]] = {kind.name: [] for kind in kinds}
    for path in _walk(folder, DEPTH, unreadable):
        for kind in kinds:
            hit = _match(path, kind)
            if hit is not None:
                hits[kind.name].append(_of_sample(hit) if kind.read is not None else hit)
    return hits


def _of_sample(hit: _Hit) -> _Hit:
    """A file that is called like its tool, under the name of the folder above."""
    if hit.sample.lower() not in _TOOLS:
        return hit
    at = hit.path.parent if hit.root == hit.path.parent else hit.path.parent.parent
    name = at.resolve().name if at.name in ("", "..") else at.name
    return replace(hit, sample=name, root=at.parent)


def _match(path: Path, kind: Quantifier) -> _Hit | None:
    """What a file is to a kind, by its name alone."""
    bare = path.name.removesuffix(".gz")
    for rank, pattern in enumerate(kind.files):
        if not PurePath(bare).match(pattern):
            continue
        if "*" not in pattern and kind.read_matrix is None:
            # the folder that was given may itself be the only sample, as `.` even
            own = path.parent.resolve().name if path.parent.name in ("", "..") else path.parent.name
            return _Hit(own.removesuffix(kind.strip), path, rank, path.parent.parent)
        sample = bare.removesuffix(pattern.lstrip("*")) if kind.read_matrix is None else path.name
        # quant.genes.sf lies beside quant.sf, and is no sample called quant.genes
        if sample and not (is_plain(kind) and bare.startswith(kind.files[0].split(".")[0] + ".")):
            return _Hit(sample, path, rank, path.parent)
    return None


def is_plain(kind: Quantifier) -> bool:
    """Whether the kind's usual file lies in a folder named for the sample."""
    return "*" not in kind.files[0] and kind.read_matrix is None


def _keep_first(hits: Sequence[_Hit]) -> list[_Hit]:
    """Of the files of one sample in one folder those with the first name that is there."""
    best: dict[tuple[str, Path], int] = {}
    for hit in hits:
        key = (hit.sample, hit.path.parent)
        best[key] = min(best.get(key, hit.rank), hit.rank)
    return [hit for hit in hits if hit.rank == best[hit.sample, hit.path.parent]]


def _walk(folder: Path, depth: int, unreadable: list[str]) -> Iterator[Path]:
    """Everything in a folder and so many folders below, sorted, without hidden ones."""
    for path in _listed(folder, unreadable):
        # a folder that bears a file's name is told as what it is when it is read
        yield path
        if depth and path.is_dir():
            yield from _walk(path, depth - 1, unreadable)


def _listed(folder: Path, unreadable: list[str]) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        unreadable.append(str(folder))
        return []


def _note_clashes(folder: Path, by_sample: dict[str, list[_Hit]], problems: Problems) -> None:
    clashing = {sample: hits for sample, hits in by_sample.items() if len(hits) > 1}
    if not clashing:
        return
    examples = [
        f"{sample} ({' and '.join(str(hit.path.relative_to(folder)) for hit in hits[:3])})"
        for sample, hits in clashing.items()
    ]
    roots = sorted({str(hit.root) for hits in clashing.values() for hit in hits})
    fix = "keep one file a sample"
    if len(roots) > 1:
        fix = f"import one of these folders: {', '.join(roots[:_SHOWN])}"
    problems.add(
        str(folder), "samples with two files", examples=examples, count=len(clashing), fix=fix
    )


def _note_nothing(
    folder: Path, kind: Quantifier | None, problems: Problems, kinds: Sequence[Quantifier] = ()
) -> None:
    wanted = [kind] if kind is not None else list(kinds)
    looked = ", ".join(_pattern(one, name) for one in wanted for name in one.files)
    holds = [path.name + ("/" if path.is_dir() else "") for path in _listed(folder, [])]
    found = ", ".join(holds[:_SHOWN]) + (
        f", … ({len(holds)} in all)" if len(holds) > _SHOWN else ""
    )
    problems.add(
        str(folder),
        f"no sample found; looked for {looked}, plain or .gz, up to {DEPTH} folders deep; "
        f"the folder holds {found or 'nothing'}",
        fix="name the folder above the samples' own, and the kind that it holds",
    )


def _pattern(kind: Quantifier, name: str) -> str:
    if kind.read_matrix is not None:
        return name
    return name.replace("*", "SAMPLE") if "*" in name else f"SAMPLE/{name}"
