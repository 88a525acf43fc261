"""What `deploy/` says agrees with the program: settings, ports, sizes, times, metrics; no secret stands in it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds.cli.departing import LONGEST_FINISH_S
from cds.hooks.callers.listed import load_callers
from cds.metrics import Metrics
from cds.settings import Settings
from tests.live.replicas import conf_here, nginx
from tests.store.postgres import NotToBeHad

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: Json = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: Json = COMPOSE["services"]
REPLICAS = ("cds-1", "cds-2")
CONF = (DEPLOY / "nginx" / "nginx.conf").read_text("utf-8")
SETTINGS = {f"CDS_{each.name.upper()}" for each in fields(Settings)}
_KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
MANIFESTS: list[Json] = [each for path in _KUBERNETES for each in yaml.safe_load_all(path.read_text("utf-8"))]


def of_kind(kind: str) -> list[Json]:
    return [each for each in MANIFESTS if each["kind"] == kind]


def pod() -> Json:
    (deployment,) = of_kind("Deployment")
    found: Json = deployment["spec"]["template"]["spec"]
    return found


def container() -> Json:
    (found,) = pod()["containers"]
    made: Json = found
    return made


def texts() -> Iterator[tuple[str, str]]:
    for path in sorted(DEPLOY.rglob("*")):
        if path.is_file():
            yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def directive(name: str) -> str:
    """Give what nginx is told under this name, where it is told it once."""
    (found,) = re.findall(rf"^\s*{name}\s+([^;]+);", CONF, re.MULTILINE)
    told: str = found
    return told


# ------------------------------------------------------------------------------------------------------------- settings


def test_every_setting_that_is_named_exists() -> None:
    named = {(place, word) for place, text in texts() for word in re.findall(r"CDS_[A-Z_]+[A-Z]", text)}
    assert {word for _, word in named} >= {"CDS_STORE_URL", "CDS_DRAIN_S", "CDS_PSEUDONYM_KEYS", "CDS_METRICS_TOKEN"}
    assert {each for each in named if each[1] not in SETTINGS} == set()


def test_the_settings_can_be_read() -> None:
    for name in REPLICAS:
        given = {key: re.sub(r"\$\{(\w+)[^}]*\}", "x", value) for key, value in SERVICES[name]["environment"].items()}
        settings = Settings.read(given | {"CDS_PUBLIC_URL": "https://cards.example.org:8443", "CDS_TIME_ZONE": "UTC"})
        assert settings.proof == "jwt"
        assert (settings.store_url or "").startswith("postgresql://")
    assert SERVICES["cds-1"]["environment"] == SERVICES["cds-2"]["environment"]
    (chosen, _) = of_kind("ConfigMap")
    assert Settings.read(chosen["data"]).proof == "jwt"


def test_the_lists_of_callers_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "rehearsal.jwks.json").write_text('{"keys": [' + json.dumps(_public()) + "]}")
    for text in ((DEPLOY / "callers.example.yaml").read_text("utf-8"), of_kind("ConfigMap")[1]["data"]["callers.yaml"]):
        (tmp_path / "callers.yaml").write_text(text)
        assert load_callers(tmp_path / "callers.yaml", allow_http=True)


def _public() -> Json:
    from cds.fhir.backend.keys import new_key  # noqa: PLC0415 - needed once

    return dict(new_key("ES384").public())


# --------------------------------------------------------------------------------------------- sizes, times, addresses


def test_the_proxy_agrees_with_the_service() -> None:
    largest = Settings().max_body_bytes
    assert int(directive("client_max_body_size")) == largest
    assert f"larger than {largest} bytes" in CONF
    assert {int(SERVICES[name]["environment"]["CDS_MAX_BODY_BYTES"]) for name in REPLICAS} == {largest}
    assert directive("proxy_read_timeout") == f"{LONGEST_FINISH_S}s"


def test_a_token_fits_into_the_proxys_buffers() -> None:
    from cds.hooks.callers import tokens  # noqa: PLC0415 - for one constant

    size = directive("large_client_header_buffers").split()[1]
    assert int(size.removesuffix("k")) * 1024 > tokens._LONGEST_TOKEN + len("Authorization: Bearer ")  # noqa: SLF001 - told nowhere else


def test_a_call_that_was_sent_is_never_sent_again() -> None:
    assert directive("proxy_next_upstream").split() == ["error", "timeout"]
    assert re.search(r"^\s*keepalive\s", CONF, re.MULTILINE) is None
    assert re.findall(r"proxy_set_header\s+Connection\s+(\S+);", CONF) == ["close"]


def test_nothing_of_a_call_is_logged_but_its_place() -> None:
    logged = re.search(r"log_format calls (.+?);\n", CONF, re.DOTALL)
    assert logged is not None
    named = set(re.findall(r"\$(\w+)", logged[1]))
    assert not named & {"request", "request_uri", "uri", "args", "query_string", "http_referer", "remote_user", "arg_"}
    assert {each for each in named if each.startswith("http_")} == set()
    outer, inner = re.findall(r"error_log\s+\S+\s+(\w+);", CONF)
    assert (outer, inner) == ("notice", "emerg")


def test_addresses_and_ports_agree() -> None:
    port = Settings().port
    upstream = re.findall(r"server\s+([\d.]+):(\d+) max_fails=0;", CONF)
    assert upstream == [(SERVICES[name]["networks"]["front"]["ipv4_address"], str(port)) for name in REPLICAS]
    published = {name: each.get("ports", []) for name, each in SERVICES.items()}
    elsewhere = [name for name, ports in published.items() for each in ports if not each.startswith("127.0.0.1:")]
    assert elsewhere == ["nginx"]
    assert f"listen {published['nginx'][0].rpartition(':')[2]} ssl;" in CONF
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    assert scraped[0]["static_configs"][0]["targets"] == [f"{name}:{port}" for name in REPLICAS]
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert f"EXPOSE {port}" in dockerfile
    assert "HEALTHCHECK" in dockerfile
    assert "/health/live" in dockerfile
    assert [each["containerPort"] for each in container()["ports"]] == [port]
    (policy,) = of_kind("NetworkPolicy")
    assert policy["spec"]["ingress"][0]["ports"] == [{"protocol": "TCP", "port": port}]


def test_there_is_time_to_finish() -> None:
    drain_s = float(of_kind("ConfigMap")[0]["data"]["CDS_DRAIN_S"])
    probe = container()["readinessProbe"]
    assert drain_s > probe["periodSeconds"] * probe["failureThreshold"]
    assert pod()["terminationGracePeriodSeconds"] >= drain_s + LONGEST_FINISH_S + 3
    for name in REPLICAS:
        drained = float(SERVICES[name]["environment"]["CDS_DRAIN_S"])
        assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) >= drained + LONGEST_FINISH_S + 3


# --------------------------------------------------------------------------------------------------------------- safety


def test_images_are_pinned() -> None:
    images = [each["image"] for each in SERVICES.values()] + [container()["image"]]
    assert [each for each in images if not re.fullmatch(r"[a-z0-9./-]+:v?\d+\.\d+[a-z0-9.-]*", each)] == []


def test_every_container_is_bounded() -> None:
    for name, each in SERVICES.items():
        assert each["read_only"] is True, name
        assert each["cap_drop"] == ["ALL"], name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", each["user"]), name
        assert each["mem_limit"], name
        assert each["pids_limit"], name


def test_every_container_is_looked_after() -> None:
    """The service's image has its check; HAPI's has nothing to check it with."""
    without = {name for name, each in SERVICES.items() if "healthcheck" not in each}
    assert without == {*REPLICAS, "hapi"}


def test_the_user_is_that_of_the_image() -> None:
    (uid,) = re.findall(r"--uid (\d+)", (ROOT / "Dockerfile").read_text("utf-8"))
    assert {SERVICES[name]["user"] for name in REPLICAS} == {f"{uid}:{uid}"}
    assert pod()["securityContext"]["runAsUser"] == int(uid)


def test_pods_keep_to_the_restricted_standard() -> None:
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod()["automountServiceAccountToken"] is False
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(container()["resources"]["limits"]) == {"cpu", "memory"}
    probes = {name: container()[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")}
    assert probes == {"startup": "/health/live", "readiness": "/health/ready", "liveness": "/health/live"}


def test_one_replica_always_stays() -> None:
    (deployment,) = of_kind("Deployment")
    (budget,) = of_kind("PodDisruptionBudget")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert budget["spec"]["minAvailable"] == 1
    (service,), (policy,) = of_kind("Service"), of_kind("NetworkPolicy")
    for chosen in (
        deployment["spec"]["selector"]["matchLabels"],
        budget["spec"]["selector"]["matchLabels"],
        policy["spec"]["podSelector"]["matchLabels"],
        service["spec"]["selector"],
    ):
        assert chosen.items() <= labels.items()


def test_every_manifest_is_applied() -> None:
    (kustomization,) = of_kind("Kustomization")
    assert sorted(kustomization["resources"]) == [each.name for each in _KUBERNETES if each.stem != "kustomization"]


def test_no_secret_stands_in_a_file() -> None:
    assert of_kind("Secret") == []
    secret = re.compile(r"^\s*-?\s*[\w.]*(?:PASSWORD|SECRET|TOKEN|KEYS)\w*\s*[:=]\s*(.+)$")
    told = [(place, found[1]) for place, text in texts() for line in text.splitlines() if (found := secret.match(line))]
    assert {place for place, _ in told} >= {"deploy/compose.yaml"}
    assert [each for each in told if not each[1].startswith(("${", "$("))] == []
    assert {each["valueFrom"]["secretKeyRef"]["name"] for each in container()["env"]} == {"trialcards"}


# ----------------------------------------------------------------------------------------------------------- monitoring


def test_every_metric_that_is_asked_for_is_told() -> None:
    metrics = Metrics("1", 1)
    counts = {
        "cards": 1,
        "silenced": 1,
        "quieted": 1,
        "lost": 1,
        **dict.fromkeys(("verdicts", "searches", "read", "feedback", "orders", "withheld", "refused", "store"), "word"),
    }
    metrics.called("/route", 200, 0.1, counts)
    told: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^(trialcards_\w+)(?:\{(.*)\})? ", metrics.told().decode(), re.MULTILINE):
        told.setdefault(name, set()).update(re.findall(r"(\w+)=", labels))
    dashboard = json.loads((DEPLOY / "grafana" / "dashboards" / "trialcards.json").read_text("utf-8"))
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    for expression in asked:
        names = re.findall(r"trialcards_\w+", expression)
        assert names or expression.startswith("up{"), expression
        assert {each for each in names if each not in told} == set(), expression
        known = {"instance", "job"}.union(*(told[each] for each in names))
        grouped = re.findall(r"by \(([^)]+)\)", expression)
        used = {word.strip() for each in grouped for word in each.split(",")}
        used |= set(re.findall(r"(\w+)[=!]~?\"", expression))
        assert used <= known, expression


def test_the_dashboard_asks_the_source_that_is_provided() -> None:
    (source,) = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    dashboard = json.loads((DEPLOY / "grafana" / "dashboards" / "trialcards.json").read_text("utf-8"))
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {source["uid"]}


# ---------------------------------------------------------------------------------------------------------------- nginx


def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    try:
        program = nginx()
    except NotToBeHad as problem:
        pytest.skip(str(problem))
    conf = tmp_path / "nginx.conf"
    conf.write_text(conf_here(tmp_path, 1, [2, 3]))
    command = [program, "-t", "-q", "-c", str(conf), "-e", "stderr"]
    tested = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (tested.returncode, tested.stderr) == (0, "")
