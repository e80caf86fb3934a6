"""What a whole fit costs, beside the bare product of its features: figures and picture.

    python scripts/speed.py            the two sizes with a bar, and the cost curves
    python scripts/speed.py --no-curves

Every fit is a process of its own, `isograph fit` on a saved bundle; the bare product is the upper
triangle of `X @ X.T` in float32 blocks, thrown away, in a process of its own with as many threads.
Writes `artifacts/reports/speed.json` and `docs/images/cost.png`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

BARE = """
import sys, time
import numpy as np
n, n_samples, block = int(sys.argv[1]), int(sys.argv[2]), 2048
x = np.random.default_rng(0).standard_normal((n, n_samples), dtype=np.float32)
out = np.empty((block, block), dtype=np.float32)
began = time.perf_counter()
for a in range(0, n, block):
    for b in range(a, n, block):
        first, second = x[a : a + block], x[b : b + block]
        np.matmul(first, second.T, out=out[: len(first), : len(second)])
print(time.perf_counter() - began)
"""
SIMULATE = """
import sys
from dataclasses import replace
from isograph.bundle import save_bundle
from isograph.simulation.assemble import assemble
from isograph.simulation.scenario_grid import SCENARIOS
from isograph.simulation.scenarios import plant_scenario
from isograph.simulation.streams import Streams
n_genes, n_samples = int(sys.argv[1]), int(sys.argv[2])
realistic = next(s for s in SCENARIOS if s.name == "scale_realistic-fraction0.25")
spec = replace(realistic, n_genes=n_genes, n_samples=n_samples)
planted = plant_scenario(spec, Streams("speed", 1))
bundle = assemble(
    planted, name="speed", suite="speed", description="", seed=1, parameters={"n": n_genes}
)
save_bundle(bundle, sys.argv[3])
"""
FIT = "import sys; from isograph.cli import main; sys.exit(main())"
BARS = {(16_000, 300): "3 × bare + 3 s, 2 GiB", (30_000, 1000): "90 s, 4 GiB"}
ALLOWED_GIB = {(16_000, 300): 2.0, (30_000, 1000): 4.0}
GENES = (1000, 2000, 4000, 8000, 16_000, 32_000)
SAMPLES = (50, 100, 200, 400, 1000)
GENES_AT, SAMPLES_AT = 300, 8000
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#666666"


@dataclass(frozen=True)
class Cost:
    """One size, both ways; seconds are medians over the rounds."""

    n_genes: int
    n_samples: int
    bare_seconds: float
    fit_seconds: float
    fit_cpu_seconds: float
    peak_gib: float


def run(*words: str) -> tuple[str, float, float, float]:
    """Output, seconds, processor seconds and GiB at the peak of a Python process."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        # this process stays small: the kernel hands its peak on to those it starts
        process = subprocess.Popen([sys.executable, *words], stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"speed: a process ended with status {process.returncode}")
        out.seek(0)
        text = out.read()
    unit = 1 if sys.platform == "darwin" else 1024
    return text, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 2**30


def measure(n_genes: int, n_samples: int, *, rounds: int) -> Cost:
    """Bare product and whole fit in turn, `rounds` times."""
    with tempfile.TemporaryDirectory() as folder:
        bundle, result = str(Path(folder) / "bundle"), str(Path(folder) / "fit")
        run("-c", SIMULATE, str(n_genes), str(n_samples), bundle)
        bare, fits = [], []
        words = ("fit", "--dataset-path", bundle, "--output-dir", result, "--quiet")
        for _ in range(rounds):
            bare.append(float(run("-c", BARE, str(2 * n_genes), str(n_samples))[0]))
            fits.append(run("-c", FIT, *words)[1:])
    seconds, processor, peak = zip(*fits, strict=True)
    cost = Cost(n_genes, n_samples, median(bare), median(seconds), median(processor), max(peak))
    print(
        f"{n_genes:>7,} genes × {n_samples:>5,}   bare {cost.bare_seconds:7.2f} s   "
        f"fit {cost.fit_seconds:7.2f} s   ratio {cost.fit_seconds / cost.bare_seconds:6.1f}   "
        f"processor {cost.fit_cpu_seconds:7.2f} s   peak {cost.peak_gib:5.2f} GiB",
        flush=True,
    )
    return cost


def verdict(cost: Cost) -> dict[str, Any]:
    """A size with its bar."""
    size = (cost.n_genes, cost.n_samples)
    allowed = 3 * cost.bare_seconds + 3 if size == (16_000, 300) else 90.0
    met = cost.fit_seconds <= allowed and cost.peak_gib <= ALLOWED_GIB[size]
    print(f"    bar: {BARS[size]}: {allowed:.1f} s allowed → {'met' if met else 'MISSED'}")
    return {
        **asdict(cost),
        "ratio": cost.fit_seconds / cost.bare_seconds,
        "bar": BARS[size],
        "allowed_seconds": allowed,
        "met": met,
    }


def draw(genes: list[Cost], samples: list[Cost], path: Path) -> None:
    """Seconds and memory against genes and against samples, log axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    figure = Figure(figsize=(9, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    panels = (
        (left, genes, "n_genes", f"genes, two isoforms each ({GENES_AT} samples)"),
        (right, samples, "n_samples", f"samples ({SAMPLES_AT:,} genes)"),
    )
    numbers = FuncFormatter(lambda value, _: f"{value:,.10g}")
    for axes, costs, name, label in panels:
        sizes = [getattr(cost, name) for cost in costs]
        memory = axes.twinx()
        drawn = [
            *axes.plot(sizes, [c.fit_seconds for c in costs], "o-", color=BLUE, label="whole fit"),
            *axes.plot(
                sizes, [c.bare_seconds for c in costs], "s--", color=GREY, label="bare product"
            ),
            *memory.plot(
                sizes,
                [c.peak_gib for c in costs],
                "^:",
                color=ORANGE,
                label="peak memory of the fit",
            ),
        ]
        for each, title, colour in ((axes, "seconds", BLUE), (memory, "GiB", ORANGE)):
            each.set(xscale="log", yscale="log")
            each.set_ylabel(title, color=colour)
            each.yaxis.set_major_formatter(numbers)
        memory.set_ylim(0.1, 10)
        axes.set_xlabel(label)
        axes.xaxis.set_major_locator(FixedLocator(sizes))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(numbers)
        axes.grid(alpha=0.3)
        axes.legend(handles=drawn, loc="upper left", fontsize=8, framealpha=0.9)
    from isograph.files import atomic_file

    with atomic_file(path) as work:
        figure.savefig(work, dpi=110, format="png")


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="of the sizes with a bar (default: 3)"
    )
    parser.add_argument("--no-large", action="store_true", help="without 60,000 × 1,000")
    parser.add_argument("--no-curves", action="store_true")
    parser.add_argument("--report", type=Path, default=Path("artifacts/reports/speed.json"))
    parser.add_argument("--picture", type=Path, default=Path("docs/images/cost.png"))
    options = parser.parse_args()
    barred = [verdict(measure(16_000, 300, rounds=options.rounds))]
    if not options.no_large:
        barred.append(verdict(measure(30_000, 1000, rounds=1)))
    genes: list[Cost] = []
    samples: list[Cost] = []
    if not options.no_curves:
        genes = [measure(n, GENES_AT, rounds=1) for n in GENES]
        samples = [measure(SAMPLES_AT, n, rounds=1) for n in SAMPLES]
    # numpy, matplotlib and the like come in after the last process was started
    from isograph.files import SCHEMA_VERSION, write_json
    from isograph.machine import available_threads
    from isograph.provenance import git_state, package_versions, version

    report = {
        "schema_version": SCHEMA_VERSION,
        "isograph_version": version(),
        "git": git_state(),
        "threads": available_threads(),
        "load_average": list(os.getloadavg()),
        "packages": package_versions(),
        "bars": barred,
        "by_genes": [asdict(cost) for cost in genes],
        "by_samples": [asdict(cost) for cost in samples],
    }
    write_json(options.report, report)
    if genes:
        draw(genes, samples, options.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
