"""The files of docs/deploy: what can be known of them without a cluster."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._config import process_config, resolve_to_config_type
from dagster._core.instance.config import dagster_instance_config

from isograph_assets.home import instance_settings

PROJECT = Path(__file__).resolve().parents[2]
DEPLOY = PROJECT / "docs" / "deploy"
RAY = DEPLOY / "ray" / "dagster.yaml"
VALUES = DEPLOY / "kubernetes" / "values.yaml"
CLUSTER = DEPLOY / "kubernetes" / "cluster.yaml"
DOCKERFILE = DEPLOY / "kubernetes" / "Dockerfile"
SERVER = ("dagsterDaemon", "dagsterWebserver")
SECRET_NAMES = re.compile(
    r"password|passwd|token|credential|secret_?key|access_?key|api_?key", re.I
)
SECRET_TEXTS = (
    re.compile(r"://[^/\s{]+:[^/\s{]+@"),
    re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    re.compile(r"-----BEGIN"),
    re.compile(r"\b[0-9a-f]{32,}\b"),
)


def documents(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def values() -> dict[str, Any]:
    (found,) = documents(VALUES)
    return found


def manifest(kind: str) -> dict[str, Any]:
    (found,) = [document for document in documents(CLUSTER) if document["kind"] == kind]
    return found


def deployment() -> dict[str, Any]:
    (found,) = values()["dagster-user-deployments"]["deployments"]
    return dict(found)


def launcher() -> dict[str, Any]:
    return dict(values()["runLauncher"]["config"]["k8sRunLauncher"])


def instructions(word: str) -> list[str]:
    """What follows a word of the Dockerfile, with continued lines joined."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE.read_text())
    return [line.split(maxsplit=1)[1] for line in text.splitlines() if line.startswith(f"{word} ")]


def command() -> list[str]:
    (line,) = instructions("CMD")
    return list(yaml.safe_load(line))


def walk(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key of nested mappings and lists, with what stands under it."""
    items: Any = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, below in items:
        yield (*path, str(key)), below
        yield from walk(below, (*path, str(key)))


def snake(value: Mapping[str, Any]) -> dict[str, Any]:
    """Keys as dagster.yaml spells them, where the chart has its own."""
    return {re.sub(r"(?=[A-Z])", "_", key).lower(): below for key, below in value.items()}


def problems(schema: Any, config: Any) -> list[str]:
    answer = process_config(resolve_to_config_type(schema), config)
    return [error.message for error in answer.errors or []]


def accepted_by_dagster(settings: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """The settings as an instance reads them; raises where it would not start."""
    (folder / "dagster.yaml").write_text(yaml.safe_dump(dict(settings)))
    read, _ = dagster_instance_config(str(folder))
    return read


def chart_settings() -> dict[str, Any]:
    """What the chart makes of the values, less launcher and storage."""
    daemon = values()["dagsterDaemon"]
    coordinator = daemon["runCoordinator"]
    return {
        **values()["additionalInstanceConfig"],
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": coordinator["type"],
            "config": snake(coordinator["config"]["queuedRunCoordinator"]),
        },
        "run_monitoring": snake(daemon["runMonitoring"]),
        "run_retries": snake(daemon["runRetries"]),
        "telemetry": values()["telemetry"],
        "retention": {name: snake(values()["retention"][name]) for name in ("sensor", "schedule")},
    }


def image_names() -> list[str]:
    parts = [deployment(), *(values()[name] for name in SERVER)]
    return ["{repository}:{tag}".format(**part["image"]) for part in parts]


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.yaml")), ids=lambda path: path.name)
def test_every_file_is_yaml(path: Path) -> None:
    assert documents(path)


def test_the_instance_on_ray_is_one_that_dagster_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "postgresql+psycopg2://localhost/isograph"
    monkeypatch.setenv("ISOGRAPH_POSTGRES", address)
    (settings,) = documents(RAY)
    read = accepted_by_dagster(settings, tmp_path)
    # the name goes to other machines, the address does not
    assert address not in str(read)
    assert read["storage"] == {"postgres": {"postgres_url": {"env": "ISOGRAPH_POSTGRES"}}}


def test_the_instance_on_kubernetes_is_one_that_dagster_starts(tmp_path: Path) -> None:
    read = accepted_by_dagster(chart_settings(), tmp_path)
    assert read["run_coordinator"]["class"] == "QueuedRunCoordinator"


@pytest.mark.parametrize("where", ["ray", "kubernetes"])
def test_an_instance_of_many_machines_keeps_to_that_of_one(where: str) -> None:
    settings = documents(RAY)[0] if where == "ray" else chart_settings()
    ours: Any = instance_settings()
    for key in ("telemetry", "nux", "retention"):
        assert settings[key] == ours[key]
    assert settings["run_monitoring"]["enabled"] is True
    theirs = settings["concurrency"]
    limits = ours["concurrency"]["runs"]["tag_concurrency_limits"]
    assert theirs["runs"]["tag_concurrency_limits"][0] == limits[0]
    # a limit of one a pool would leave all machines but one idle
    assert theirs["pools"]["granularity"] == "run"
    assert theirs["pools"]["default_limit"] == theirs["runs"]["max_concurrent_runs"] > 1


def test_the_ray_launcher_takes_its_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    dagster_ray = pytest.importorskip("dagster_ray", reason="pip install '.[ray]'")
    monkeypatch.setenv("ISOGRAPH_RAY", "https://ray.example.org")
    (settings,) = documents(RAY)
    asked = settings["run_launcher"]
    assert (asked["module"], asked["class"]) == ("dagster_ray", "RayRunLauncher")
    answer = process_config(
        resolve_to_config_type(dagster_ray.RayRunLauncher.config_type()), asked["config"]
    )
    assert answer.errors in (None, [])
    made = dagster_ray.RayRunLauncher.from_config_value(None, answer.value)
    assert made.address == "https://ray.example.org"
    assert made.num_cpus == 1


def test_runs_on_ray_are_told_where_and_with_how_many_threads_but_no_secret() -> None:
    (settings,) = documents(RAY)
    told = settings["run_launcher"]["config"]["ray"]["env_vars"]
    assert {"ISOGRAPH_ARTIFACTS", "ISOGRAPH_STUDIES", "ISOGRAPH_THREADS"} <= set(told)
    assert "OMP_NUM_THREADS" in told
    assert not any("=" in name for name in told)
    assert not any(re.search("TOKEN|POSTGRES|SECRET|KEY|PASSWORD", name) for name in told)


@pytest.mark.parametrize(
    "path", sorted(p for p in DEPLOY.rglob("*") if p.is_file()), ids=lambda path: path.name
)
def test_no_file_holds_a_secret(path: Path) -> None:
    text = path.read_text()
    assert [pattern.pattern for pattern in SECRET_TEXTS if pattern.search(text)] == []
    if path.suffix != ".yaml":
        return
    for document in documents(path):
        spelled_out = [
            ".".join(where)
            for where, value in walk(document)
            if SECRET_NAMES.search(where[-1]) and not isinstance(value, Mapping | bool)
        ]
        assert spelled_out == []
        assert document.get("kind") != "Secret"


def test_the_kubernetes_launcher_takes_its_configuration() -> None:
    dagster_k8s = pytest.importorskip("dagster_k8s", reason="pip install '.[kubernetes]'")
    assert values()["runLauncher"]["type"] == "K8sRunLauncher"
    asked = launcher()
    config = {
        # as the chart writes them
        "instance_config_map": "isograph-dagster-instance",
        "service_account_name": "isograph-dagster",
        "postgres_password_secret": values()["global"]["postgresqlSecretName"],
        "dagster_home": "/opt/dagster/dagster_home",
        "image_pull_secrets": values()["imagePullSecrets"],
        "env_config_maps": [item["name"] for item in asked.pop("envConfigMaps")],
        "env_secrets": [item["name"] for item in asked.pop("envSecrets")],
        "labels": asked.pop("labels"),
        "security_context": asked.pop("securityContext"),
        "run_k8s_config": snake(asked.pop("runK8sConfig")),
        **snake(asked),
    }
    assert problems(dagster_k8s.K8sRunLauncher.config_type(), config) == []


def test_a_run_asks_for_as_many_cores_as_it_has_threads() -> None:
    environment = manifest("ConfigMap")["data"]
    threads = {environment[name] for name in environment if name.endswith("_THREADS")}
    assert threads == {launcher()["resources"]["requests"]["cpu"]}
    assert launcher()["resources"]["limits"]["cpu"] in threads


def test_manifests_are_what_kubernetes_knows() -> None:
    models = pytest.importorskip("dagster_k8s.models", reason="pip install '.[kubernetes]'")
    client = pytest.importorskip("kubernetes").client
    kinds = {
        "Namespace": client.V1Namespace,
        "ConfigMap": client.V1ConfigMap,
        "PersistentVolumeClaim": client.V1PersistentVolumeClaim,
        "NetworkPolicy": client.V1NetworkPolicy,
    }
    found = documents(CLUSTER)
    assert {document["kind"] for document in found} == set(kinds)
    for document in found:
        known = models.k8s_snake_case_dict(kinds[document["kind"]], document)
        made = models.k8s_model_from_dict(kinds[document["kind"]], known)
        assert made.metadata.name.startswith("isograph")


def test_parts_of_pods_are_what_kubernetes_knows() -> None:
    models = pytest.importorskip("dagster_k8s.models", reason="pip install '.[kubernetes]'")
    client = pytest.importorskip("kubernetes").client
    kinds = {
        "podSecurityContext": client.V1PodSecurityContext,
        "securityContext": client.V1SecurityContext,
        "resources": client.V1ResourceRequirements,
    }
    parts = [deployment(), launcher(), *(values()[name] for name in SERVER)]
    checked = 0
    for part in parts:
        for name, kind in kinds.items():
            if name in part:
                models.k8s_model_from_dict(kind, models.k8s_snake_case_dict(kind, part[name]))
                checked += 1
        for volume in part.get("volumes", []):
            kind = client.V1Volume
            models.k8s_model_from_dict(kind, models.k8s_snake_case_dict(kind, volume))
    assert checked == 11
    pod = launcher()["runK8sConfig"]["podSpecConfig"]
    spec = {**pod, "containers": []}
    models.k8s_snake_case_dict(client.V1PodSpec, spec)


def test_everything_runs_as_somebody_other_than_root() -> None:
    (user,) = instructions("USER")
    number = int(user.partition(":")[0])
    assert number > 0
    for part in [deployment(), *(values()[name] for name in SERVER)]:
        assert part["podSecurityContext"]["runAsNonRoot"] is True
        assert part["podSecurityContext"]["runAsUser"] == number
        assert part["securityContext"]["allowPrivilegeEscalation"] is False
        assert part["securityContext"]["capabilities"]["drop"] == ["ALL"]
    runs = launcher()
    assert runs["securityContext"]["runAsNonRoot"] is True
    assert runs["runK8sConfig"]["podSpecConfig"]["securityContext"]["runAsUser"] == number
    assert f"--uid {number}" in " ".join(instructions("RUN"))


def test_one_image_of_a_fixed_version_is_used_everywhere() -> None:
    (image,) = set(image_names())
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert image == f"registry.example.org/isograph:{version}"
    assert f"-t {image} ." in DOCKERFILE.read_text()
    (base,) = instructions("FROM")
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base)
    for path in DEPLOY.rglob("*.yaml"):
        assert ":latest" not in path.read_text()


def test_runs_take_the_image_of_the_code_location() -> None:
    assert "image" not in launcher()
    assert deployment()["includeConfigInLaunchedRuns"]["enabled"] is False


def test_the_chart_is_of_the_version_of_dagster() -> None:
    assert f"--version {dg.__version__}" in VALUES.read_text()


def test_ports_and_module_agree_between_the_files() -> None:
    words = command()
    port = str(deployment()["port"])
    assert words[words.index("-p") + 1] == port
    assert instructions("EXPOSE") == [port]
    assert deployment()["dagsterApiGrpcArgs"] == words[words.index("-m") :]
    (workspace,) = documents(PROJECT / "workspace.yaml")
    module = workspace["load_from"][0]["python_module"]
    assert words[words.index("-m") + 1] == module["module_name"]
    assert deployment()["name"] == module["location_name"]


def test_names_agree_between_the_files() -> None:
    environment, claim = manifest("ConfigMap"), manifest("PersistentVolumeClaim")
    for part in (deployment(), launcher()):
        assert part["envConfigMaps"] == [{"name": environment["metadata"]["name"]}]
        (volume,), (mount,) = part["volumes"], part["volumeMounts"]
        assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
        assert mount["mountPath"] == environment["data"]["ISOGRAPH_STUDIES"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    names = {document["metadata"].get("namespace", "isograph") for document in documents(CLUSTER)}
    assert names == {manifest("Namespace")["metadata"]["name"]} == {"isograph"}


def test_nothing_is_served_outside_the_cluster() -> None:
    assert values()["dagsterWebserver"]["service"]["type"] == "ClusterIP"
    assert values()["dagsterWebserver"]["service"]["port"] > 1024
    assert values()["ingress"]["enabled"] is False
    policy = manifest("NetworkPolicy")["spec"]
    assert policy["podSelector"] == {}
    assert policy["ingress"] == [{"from": [{"podSelector": {}}]}]


def test_the_image_installs_extras_that_the_project_has() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    (asked,) = re.findall(r'"\.\[([\w,]+)\]"', DOCKERFILE.read_text())
    assert set(asked.split(",")) <= set(project["optional-dependencies"])
    assert {"kubernetes", "postgres"} <= set(asked.split(","))


def test_the_image_holds_what_it_copies() -> None:
    sources = [name for line in instructions("COPY") for name in line.split()[:-1]]
    assert [name for name in sources if not (PROJECT / name).exists()] == []


@pytest.mark.slow
def test_the_code_location_answers_as_the_image_starts_it(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    words = command()
    words[words.index("-p") + 1] = port
    words[words.index("-h") + 1] = "127.0.0.1"
    dagster = [sys.executable, "-m", words[0]]
    environment = os.environ | {
        "DAGSTER_HOME": str(tmp_path),
        "ISOGRAPH_ARTIFACTS": str(tmp_path / "artifacts"),
        "ISOGRAPH_STUDIES": str(tmp_path / "studies"),
    }
    check = [*dagster, "api", "grpc-health-check", "-p", port]
    ask = f"""
import json
from dagster._grpc.client import DagsterGrpcClient
found = json.loads(DagsterGrpcClient(host="127.0.0.1", port={port}).list_repositories())
print(found["entry_point"], [symbol["attribute"] for symbol in found["repository_symbols"]])
"""
    with subprocess.Popen(
        [*dagster, *words[1:]],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as server:
        try:
            end = time.monotonic() + 120
            while subprocess.run(check, capture_output=True, check=False).returncode != 0:
                assert server.poll() is None
                assert time.monotonic() < end
            told = subprocess.run(
                [sys.executable, "-c", ask], capture_output=True, text=True, check=True, timeout=60
            )
        finally:
            server.kill()
    assert told.stdout.strip() == "['dagster'] ['defs']"
