"""`isograph fit --backend wgcna` beside R's `blockwiseModules`, on the same data and machine.

    python scripts/wgcna_r.py                    the mouse liver case of ../shared
    python scripts/wgcna_r.py --bundle FOLDER    any bundle of ready-made expression

Pairs of runs, R and isograph in turn, on as many threads. For R the call of `blockwiseModules`
counts, for isograph everything from features to the written folder, traits and roles included; both
without starting up and reading the data. The whole process of isograph stands beside it. Processor
seconds stand beside elapsed ones, for machines that are busy with other work. Needs `Rscript` and
the package WGCNA (Debian: `apt install r-cran-wgcna`); says what is missing otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

import isograph
from isograph.bundle import Bundle, load_bundle
from isograph.cli import main as command
from isograph.machine import machine_cores

LIVER = Path(__file__).resolve().parents[2] / "shared" / "data" / "real" / "liver_f2_female"
OUTLIER = "F2_221"
POWER, MIN_SIZE = 6, 30
IN_R = """
suppressMessages(library(WGCNA))
words <- commandArgs(trailingOnly = TRUE)
threads <- as.integer(words[3])
if (threads > 1) invisible(enableWGCNAThreads(threads)) else invisible(disableWGCNAThreads())
X <- t(as.matrix(read.csv(words[1], row.names = 1, check.names = FALSE)))
invisible(gc())
used <- system.time(net <- blockwiseModules(X, power = %d, networkType = "unsigned",
  TOMType = "unsigned", minModuleSize = %d, mergeCutHeight = 0.25, deepSplit = 2,
  maxBlockSize = 20000, pamRespectsDendro = FALSE, numericLabels = TRUE, verbose = 0,
  nThreads = threads))
write.csv(data.frame(gene_id = colnames(X), label = net$colors), words[2], row.names = FALSE)
cat(sprintf("%%.3f\\t%%.3f\\t%%s\\t%%s\\t%%s\\n", used[["elapsed"]],
  used[["user.self"]] + used[["sys.self"]], getRversion(), packageVersion("WGCNA"),
  basename(dirname(extSoftVersion()[["BLAS"]]))))
"""
IN_PYTHON = """
import sys, time
from pathlib import Path
import isograph
from isograph.bundle import load_bundle
from isograph.results import write_fit
from isograph.study import make_study
path, out, power, size = Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]
bundle = load_bundle(path)
chosen = {"clip": 1e9, "power": power, "min_module_size": size}
study = make_study(bundle=path, set=chosen)
elapsed, used = time.perf_counter(), time.process_time()
write_fit(isograph.fit(bundle, study=study, backend="wgcna"), out)
print(time.perf_counter() - elapsed, time.process_time() - used)
"""


@dataclass(frozen=True)
class Pair:
    """Seconds of one run of each, elapsed and of the processor."""

    r_call: float
    r_call_cpu: float
    fit: float
    fit_cpu: float
    process: float
    process_cpu: float


def missing() -> str | None:
    """What stands in the way, or None."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return "Rscript is not on the path: install R"
    probe = "cat(requireNamespace('WGCNA', quietly = TRUE))"
    found = subprocess.run([rscript, "-e", probe], capture_output=True, text=True, check=False)
    if found.stdout.strip() != "TRUE":
        return "R has no package WGCNA: install it (Debian: apt install r-cran-wgcna)"
    return None


def liver_bundle(folder: Path) -> Path:
    """The liver case without its outlier, as a bundle."""
    table = pd.read_parquet(LIVER / "gene_expression.parquet").drop(columns=OUTLIER)
    samples = pd.read_parquet(LIVER / "samples.parquet")
    table.to_parquet(folder / "expression.parquet")
    samples[samples["sample_id"] != OUTLIER].to_parquet(folder / "samples.parquet")
    out = folder / "liver"
    words = ["import", "table", "--out", str(out), "--genes", str(LIVER / "genes.parquet")]
    words += ["--expression", str(folder / "expression.parquet")]
    if command([*words, "--samples", str(folder / "samples.parquet")]) != 0:
        raise SystemExit("wgcna_r: the liver case could not be imported")
    return out


def time_r(table: Path, labels: Path, threads: int) -> tuple[float, float, str]:
    """Elapsed and processor seconds of the call, and versions."""
    script = table.with_suffix(".R")
    script.write_text(IN_R % (POWER, MIN_SIZE), encoding="utf-8")
    words = ["Rscript", str(script), str(table), str(labels), str(threads)]
    limit = {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    done = subprocess.run(
        words, env=os.environ | limit, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"wgcna_r: R failed\n{done.stderr}")
    seconds, cpu, r, wgcna, blas = done.stdout.strip().splitlines()[-1].split("\t")
    return float(seconds), float(cpu), f"R {r}, WGCNA {wgcna}, BLAS {blas}"


def time_isograph(bundle: Path, out: Path, threads: int) -> tuple[float, float, float, float]:
    """Elapsed and processor seconds of the fit, and of the whole process."""
    limit = {"ISOGRAPH_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    words = ["-c", IN_PYTHON, str(bundle), str(out), str(POWER), str(MIN_SIZE)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *words], env=os.environ | limit, stdout=subprocess.PIPE, text=True
    )
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or process.stdout is None:
        raise SystemExit("wgcna_r: isograph failed")
    elapsed, cpu = (float(word) for word in process.stdout.read().split())
    return elapsed, cpu, seconds, used.ru_utime + used.ru_stime


def expression(bundle: Bundle) -> pd.DataFrame:
    """Genes × samples."""
    if "gene_expression" not in bundle.matrices:
        raise SystemExit(f"wgcna_r: {bundle.name} has no ready-made expression")
    values = np.asarray(bundle.matrices["gene_expression"])
    genes = bundle.tables["gene"]["gene_id"].to_numpy()
    return pd.DataFrame(values, index=genes, columns=list(bundle.sample_ids))


def same_partition(fit: Path, labels: Path) -> bool:
    """Whether both put the same genes together, with the same ones in no module."""
    ours = isograph.read_fit(fit).modules.set_index("gene_id")["module_id"]
    theirs = pd.read_csv(labels).set_index("gene_id")["label"]
    mine = ours.reindex(theirs.index).fillna("").to_numpy()
    pairs = set(zip(mine, theirs, strict=True))
    one_to_one = len(pairs) == len(set(mine)) == len(set(theirs))
    return one_to_one and bool(np.array_equal(mine == "", theirs.to_numpy() == 0))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, help="default: the liver case")
    parser.add_argument("--pairs", type=int, default=5, help="runs of each")
    parser.add_argument("--threads", type=int, default=1, help="for both")
    parser.add_argument("--output", type=Path, help="JSON file to write")
    options = parser.parse_args()
    lacking = missing()
    if lacking is None and options.bundle is None and not LIVER.is_dir():
        lacking = f"the liver case is not at {LIVER}: name a bundle with --bundle"
    if lacking is not None:
        raise SystemExit(f"wgcna_r: nothing measured. {lacking}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle = options.bundle or liver_bundle(folder)
        table, labels, fit = folder / "x.csv", folder / "labels.csv", folder / "fit"
        expression(load_bundle(bundle)).to_csv(table)
        pairs, versions = [], ""
        for number in range(options.pairs):
            r_call, r_cpu, versions = time_r(table, labels, options.threads)
            pairs.append(Pair(r_call, r_cpu, *time_isograph(bundle, fit, options.threads)))
            last = pairs[-1]
            print(
                f"pair {number + 1}: blockwiseModules {last.r_call:.2f} s (processor "
                f"{last.r_call_cpu:.2f} s), isograph fit {last.fit:.2f} s (processor "
                f"{last.fit_cpu:.2f} s; whole process {last.process:.2f} s, "
                f"{last.process_cpu:.2f} s)",
                flush=True,
            )
        same = same_partition(fit, labels)
    report = {
        "r": versions,
        "machine": f"{platform.processor() or platform.machine()}, {machine_cores()} cores",
        "threads": options.threads,
        "same_partition": same,
        "seconds": {
            name: median(getattr(pair, name) for pair in pairs) for name in Pair.__annotations__
        },
        "ratio": median(pair.r_call / pair.fit for pair in pairs),
        "ratio_cpu": median(pair.r_call_cpu / pair.fit_cpu for pair in pairs),
        "ratio_cpu_whole_process": median(pair.r_call_cpu / pair.process_cpu for pair in pairs),
    }
    print(json.dumps(report, indent=2))
    if options.output is not None:
        options.output.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
