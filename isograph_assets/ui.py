"""`python -m isograph_assets.ui`: the UI and its daemon, on this machine only."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

import dagster as dg

from isograph.cli.text import counted
from isograph.errors import ConfigError, OutputError
from isograph_assets.home import POSTGRES, instance_environment, prepare_home
from isograph_assets.orphans import end_orphans
from isograph_assets.resources import PROJECT, artifacts_place, bundles_folder, studies_folder
from isograph_assets.stages import FIXTURES_POOL

_HOST = "127.0.0.1"
_PORT = 3000
# Dagster tells users of its older command line about its newer one
_QUIET = "ignore:Function `dev_command` is superseded"


def main() -> None:
    """Replace this process by `dagster dev`; further arguments are passed on to it."""
    parser = argparse.ArgumentParser(prog="ui", description=__doc__)
    parser.add_argument("-p", "--port", type=int, default=_PORT, help=f"default {_PORT}")
    asked, further = parser.parse_known_args()
    workspace = PROJECT / "workspace.yaml"
    if not workspace.exists():
        sys.exit(f"{workspace} is missing: start the UI from a checkout of the project")
    if not _is_free(asked.port):
        sys.exit(f"port {asked.port} is in use: stop what runs there, or choose another with -p")
    try:
        home, results = prepare_home(), artifacts_place()
    except (ConfigError, OutputError) as error:
        sys.exit(str(error))
    studies = studies_folder()
    studies.mkdir(parents=True, exist_ok=True)
    print(f"Starting the UI at  http://{_HOST}:{asked.port}  (ready in some 20 s; Ctrl-C stops it)")
    print(f"  results  {results}")
    print(f"  studies  {studies}   (drop bundles, quantified samples or study files here)")
    print(f"  bundles  {bundles_folder()}   (each bundle in it is a study too)")
    shared = bool(os.environ.get(POSTGRES))
    print(f"  history  {f'the database of {POSTGRES}' if shared else home}", flush=True)
    make_ready(home, shared=shared)
    os.chdir(PROJECT)
    environment = instance_environment(home, os.environ)
    environment.setdefault("PYTHONWARNINGS", _QUIET)
    dagster = str(Path(sys.executable).with_name("dagster"))
    command = [dagster, "dev", "-w", str(workspace), "-h", _HOST, "-p", str(asked.port)]
    os.execve(dagster, [*command, "--log-level", "warning", *further], environment)


def make_ready(home: Path, *, shared: bool) -> None:
    """Give the pool its limit, and end what a former start left behind when it was killed.

    Args:
        home: of the instance.
        shared: other machines run things in it too, of whose processes nothing is known here.
    """
    with dg.DagsterInstance.from_config(str(home)) as instance:
        # Dagster would learn of the pool from its first runs, and let those pass together
        instance.event_log_storage.initialize_concurrency_limit_to_default(FIXTURES_POOL)
        ended = () if shared else end_orphans(instance)
    if ended:
        print(f"  {counted(len(ended), 'run')} had lost its process: failed, and tried again")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


if __name__ == "__main__":
    main()
