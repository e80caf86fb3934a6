"""What importing a large cohort costs: seconds and peak memory, on files made for it.

    python scripts/import_speed.py --samples 500 --transcripts 200000

Needs some 7 GB in the temporary folder while it runs.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

_GIB = 1024**3
_EXPRESSED = 0.4


def write_cohort(folder: Path, *, samples: int, transcripts: int) -> None:
    """Salmon's files of samples in which most transcripts have no read, and a gene map."""
    rng = np.random.default_rng(1)
    ids = [f"ENST{number:011d}.{number % 9 + 1}" for number in range(transcripts)]
    lengths = rng.integers(200, 8000, transcripts)
    rows = [f"ENSG{number // 4:011d}.1" for number in range(transcripts)]
    body = "".join(f"{one},{gene}\n" for one, gene in zip(ids, rows, strict=True))
    (folder / "tx2gene.csv").write_text("TXNAME,GENEID\n" + body)
    expressed = rng.random(transcripts) < _EXPRESSED
    mean = np.where(expressed, rng.lognormal(2, 2, transcripts), 0.0)
    for sample in range(samples):
        counts = rng.poisson(mean * rng.lognormal(0, 0.3)) * rng.uniform(0.97, 1.0)
        effective = np.maximum(lengths - rng.uniform(150, 220), 1.0)
        rate = counts / effective
        tpm = rate / rate.sum() * 1e6
        path = folder / "quants" / f"S{sample:04d}" / "quant.sf"
        path.parent.mkdir(parents=True)
        columns = zip(ids, lengths, effective, tpm, counts, strict=True)
        path.write_text(
            "Name\tLength\tEffectiveLength\tTPM\tNumReads\n"
            + "".join(f"{i}\t{n}\t{e:.3f}\t{t:.6f}\t{c:.3f}\n" for i, n, e, t, c in columns)
        )


_READ = """
import sys, time
from pathlib import Path
from isograph.errors import Problems
from isograph.importers.quantifiers import read_quantified
problems, start = Problems(), time.perf_counter()
found = read_quantified(Path(sys.argv[1]) / "quants", kind="salmon", problems=problems)
assert not problems, problems.found
print(f"{time.perf_counter() - start:.1f}")
"""
_IMPORT = """
import sys, time
from isograph.cli import main
start = time.perf_counter()
folder = sys.argv[1]
status = main(["import", "salmon", f"{folder}/quants", "--tx2gene", f"{folder}/tx2gene.csv",
               "--out", f"{folder}/bundle", "--quiet"])
assert status == 0
print(f"{time.perf_counter() - start:.1f}")
"""


def measure(code: str, folder: Path) -> tuple[str, float]:
    """Seconds as the child tells them, and its peak memory in GiB."""
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / _GIB
    return done.stdout.strip().splitlines()[-1], peak


def main() -> None:
    """Make the files, read them, import them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--transcripts", type=int, default=200_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder, start = Path(place), time.perf_counter()
        write_cohort(folder, samples=asked.samples, transcripts=asked.transcripts)
        print(f"files made in {time.perf_counter() - start:.0f} s")
        # the smaller one first: the peak is that of all children so far
        for name, code in (("read", _READ), ("import, bundle written", _IMPORT)):
            seconds, peak = measure(code, folder)
            print(f"{name}: {seconds} s, {peak:.2f} GiB")


if __name__ == "__main__":
    main()
