"""Settings are read once, each with its meaning; one that cannot be used is named with the reason."""

from dataclasses import FrozenInstanceError
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cds.core.codes import Code
from cds.errors import BadSetting
from cds.settings import RequestCode, Settings, setting_rows, settings_table
from cds.settings.readers import in_clear

REPOSITORY = Path(__file__).resolve().parents[2]


def test_nothing_set_gives_the_defaults() -> None:
    settings = Settings.read({"PATH": "/bin", "CDS_PORT": " "})
    assert settings == Settings()
    assert (settings.port, settings.near_days, settings.deadline_s, settings.max_cards) == (8000, 28, 4.0, 3)
    assert (settings.fhir_servers, settings.allow_origins, settings.show_drafts) == ((), (), False)
    assert settings.mappings == REPOSITORY / "mappings"
    with pytest.raises(FrozenInstanceError):
        settings.port = 1  # type: ignore[misc] # that it cannot be done is the point


def test_every_setting_can_be_set() -> None:
    chosen = {
        "CDS_PUBLIC_URL": "https://cards.example.org/",
        "CDS_HOST": "0.0.0.0",  # noqa: S104 - a value to read
        "CDS_PORT": "9000",
        "CDS_AUTHENTICATION": "gateway",
        "CDS_CALLERS": "callers.yaml",
        "CDS_LAUNCH_SERVERS": "launch.yaml",
        "CDS_APP_FRAMES": "https://ehr.example.org:8443, https://portal.example.org/",
        "CDS_PROFILE": "strict-1.0",
        "CDS_TIME_ZONE": "Europe/Berlin",
        "CDS_NEAR_DAYS": "14",
        "CDS_FHIR_SERVERS": "https://a.example.org/r4/, http://b.example.org",
        "CDS_DEADLINE_S": "2.5",
        "CDS_MAX_BODY_BYTES": "5000000",
        "CDS_MAX_CALLS": "8",
        "CDS_MAX_MATCHES": "7",
        "CDS_DRAIN_S": "2.5",
        "CDS_MAX_CARDS": "2",
        "CDS_SHOW_DRAFTS": "Yes",
        "CDS_ALLOW_HTTP": "yes",
        "CDS_CLIENT_ID": "cards",
        "CDS_CLIENT_KEYS": "new.jwk, old.pem",
        "CDS_TRUSTED_CA": "hospital.pem",
        "CDS_PRIVATE_NETWORKS": "10.20.0.0/16, fd00::/8",
        "CDS_SERVICES": "order-sign, patient-view",
        "CDS_DEVELOPER": "Trialcards, changed by Example Hospital",
        "CDS_FUNDING": "A grant of the Example Foundation.",
        "CDS_AUDIT_LOG": "audit.jsonl",
        "CDS_MAPPINGS": "m",
        "CDS_MAPPINGS_OVERLAY": "o",
        "CDS_TERMINOLOGY_URL": "https://tx.example.org/r4/",
        "CDS_TERMINOLOGY_DEADLINE_S": "1.5",
        "CDS_TRIALS": "t",
        "CDS_RECORDS": "r",
        "CDS_REGISTRY_URL": "https://mirror.example.org/api/v2/",
        "CDS_EXTRACTOR_LLM_URL": "http://127.0.0.1:8080/v1/",
        "CDS_EXTRACTOR_LLM_MODEL": "some/model-7b",
        "CDS_EXTRACTOR_LLM_KEY": "sesame",
        "CDS_EXTRACTOR_LLM_DEADLINE_S": "30",
        "CDS_STATUSES": "available, Not yet recruiting",
        "CDS_FACILITIES": " Example Cancer Center, Springfield;Saint-Example  Hospital ; ",
        "CDS_DEMO_CHARTS": "d",
        "CDS_OPT_OUT": "http://terminology.hl7.org/CodeSystem/v3-ActCode|X, urn:site|no-research",
        "CDS_READ_CONSENT": "true",
        "CDS_SILENT": "yes",
        "CDS_REQUEST_CODE": " https://orders.example.org/codes | ASK 1 | Ask the research team ",
        "CDS_APP_URL": "https://app.example.org/launch/",
        "CDS_ALLOW_ORIGINS": "https://ehr.example.org",
        "CDS_METRICS_TOKEN": "monitoring",
        "CDS_TRACES_URL": "http://127.0.0.1:4318/v1/traces",
        "CDS_STORE_URL": "postgresql://cards:secret@db.example.org/cards",
        "CDS_KEEP_DAYS": "500",
        "CDS_KEEP_COMMENTS": "yes",
        "CDS_PSEUDONYM_KEYS": "k1:c2VjcmV0",
        "CDS_COOL_DOWN_HOURS": "8",
        "CDS_LOG_LEVEL": "warning",
    }
    assert Settings.read(chosen) == Settings(
        public_url="https://cards.example.org",
        host="0.0.0.0",  # noqa: S104 - a value to read
        port=9000,
        authentication="gateway",
        callers=Path("callers.yaml"),
        launch_servers=Path("launch.yaml"),
        app_frames=("https://ehr.example.org:8443", "https://portal.example.org"),
        profile="strict-1.0",
        time_zone=ZoneInfo("Europe/Berlin"),
        near_days=14,
        fhir_servers=("https://a.example.org/r4", "http://b.example.org"),
        deadline_s=2.5,
        max_body_bytes=5_000_000,
        max_calls=8,
        max_matches=7,
        drain_s=2.5,
        max_cards=2,
        show_drafts=True,
        allow_http=True,
        client_id="cards",
        client_keys=(Path("new.jwk"), Path("old.pem")),
        trusted_ca=Path("hospital.pem"),
        private_networks=(ip_network("10.20.0.0/16"), ip_network("fd00::/8")),
        developer="Trialcards, changed by Example Hospital",
        funding="A grant of the Example Foundation.",
        audit_log=Path("audit.jsonl"),
        services=("patient-view", "order-sign"),
        mappings=Path("m"),
        mappings_overlay=Path("o"),
        terminology_url="https://tx.example.org/r4",
        terminology_deadline_s=1.5,
        trials=Path("t"),
        records=Path("r"),
        registry_url="https://mirror.example.org/api/v2",
        extractor_llm_url="http://127.0.0.1:8080/v1",
        extractor_llm_model="some/model-7b",
        extractor_llm_key="sesame",
        extractor_llm_deadline_s=30,
        statuses=("NOT_YET_RECRUITING", "AVAILABLE"),
        facilities=("Example Cancer Center, Springfield", "Saint-Example Hospital"),
        demo_charts=Path("d"),
        opt_out=(Code("http://terminology.hl7.org/CodeSystem/v3-ActCode", "X"), Code("urn:site", "no-research")),
        read_consent=True,
        silent=True,
        request_code=RequestCode(Code("https://orders.example.org/codes", "ASK 1"), "Ask the research team"),
        app_url="https://app.example.org/launch/",
        allow_origins=("https://ehr.example.org",),
        metrics_token="monitoring",
        traces_url="http://127.0.0.1:4318/v1/traces",
        store_url="postgresql://cards:secret@db.example.org/cards",
        keep_days=500,
        keep_comments=True,
        pseudonym_keys="k1:c2VjcmV0",
        cool_down_hours=8,
        log_level="WARNING",
    )
    assert set(chosen) == {row.variable for row in setting_rows()}


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("CDS_PUBLIC_URL", "cards.example.org"),
        ("CDS_PUBLIC_URL", "https://user@cards.example.org"),
        ("CDS_PUBLIC_URL", "https://:word@cards.example.org"),
        ("CDS_EXTRACTOR_LLM_URL", "127.0.0.1:8080"),
        ("CDS_EXTRACTOR_LLM_KEY", "open sesame"),
        ("CDS_EXTRACTOR_LLM_DEADLINE_S", "0"),
        ("CDS_PORT", "0"),
        ("CDS_PORT", "٣"),
        ("CDS_PORT", "eighty"),
        ("CDS_TIME_ZONE", "Mars/Olympus"),
        ("CDS_TIME_ZONE", "../../etc/passwd"),
        ("CDS_NEAR_DAYS", "-1"),
        ("CDS_MAX_CALLS", "0"),
        ("CDS_MAX_MATCHES", "0"),
        ("CDS_DRAIN_S", "-1"),
        ("CDS_DRAIN_S", "soon"),
        ("CDS_PRIVATE_NETWORKS", "10.20.0.1/16"),
        ("CDS_PRIVATE_NETWORKS", "intranet"),
        ("CDS_ALLOW_HTTP", "http"),
        ("CDS_TRACES_URL", "127.0.0.1:4318"),
        ("CDS_FHIR_SERVERS", "https://ok.example.org,ftp://no.example.org"),
        ("CDS_FHIR_SERVERS", "https://ok.example.org/?x=1"),
        ("CDS_DEADLINE_S", "nan"),
        ("CDS_DEADLINE_S", "inf"),
        ("CDS_DEADLINE_S", "0"),
        ("CDS_SHOW_DRAFTS", "maybe"),
        ("CDS_ALLOW_ORIGINS", "*"),
        ("CDS_ALLOW_ORIGINS", "https://ehr.example.org/app"),
        ("CDS_ALLOW_ORIGINS", "https://ehr.example.org; script-src *"),
        ("CDS_APP_FRAMES", "*"),
        ("CDS_APP_FRAMES", "https://*.example.org"),
        ("CDS_APP_FRAMES", "https://ehr.example.org/app"),
        ("CDS_APP_FRAMES", "https://ehr.example.org;script-src"),
        ("CDS_APP_FRAMES", "https://ehr.example.org 'unsafe-inline'"),
        ("CDS_APP_FRAMES", "https://ehr.example.org\nx"),
        ("CDS_OPT_OUT", "no-research"),
        ("CDS_REQUEST_CODE", "urn:site|ASK"),
        ("CDS_REQUEST_CODE", "urn:site|ASK|Ask|again"),
        ("CDS_REQUEST_CODE", "site|ASK|Ask the research team"),
        ("CDS_REQUEST_CODE", "urn:site|ASK  2|Ask the research team"),
        ("CDS_REQUEST_CODE", "urn:site||Ask the research team"),
        ("CDS_APP_URL", "http://app.example.org/launch"),
        ("CDS_APP_URL", "app.example.org/launch"),
        ("CDS_APP_URL", "https://app.example.org/launch#x"),
        ("CDS_LOG_LEVEL", "LOUD"),
        ("CDS_AUTHENTICATION", "none"),
        ("CDS_FUNDING", "one line\nand another"),
        ("CDS_DEVELOPER", "x" * 301),
        ("CDS_SERVICES", ","),
        ("CDS_SERVICES", "patient-view,order-review"),
        ("CDS_STATUSES", "COMPLETED"),
        ("CDS_STATUSES", ","),
        ("CDS_FACILITIES", "Example Hospital; -"),
        ("CDS_PROT", "8000"),
    ],
)
def test_what_cannot_be_used_is_named_with_the_reason(variable: str, text: str) -> None:
    with pytest.raises(BadSetting, match=f"^{variable}: "):
        Settings.read({variable: text})


def test_every_setting_says_what_it_means() -> None:
    rows = setting_rows()
    assert all(row.says.endswith(".") and row.default for row in rows)
    assert "token" in rows[0].says
    assert settings_table().count("\n") == len(rows) + 2


def test_the_readme_tells_the_settings() -> None:
    readme = REPOSITORY / "README.md"
    if not readme.is_file() or "CDS_" not in readme.read_text(encoding="utf-8"):
        pytest.skip("the README has no table of settings yet")
    assert settings_table() in readme.read_text(encoding="utf-8")


def test_secrets_are_no_part_of_what_settings_show() -> None:
    settings = Settings(store_url="postgresql://cards:secret@db.example.org/cards", pseudonym_keys="k1:c2VjcmV0")
    assert "sesame" not in repr(Settings(extractor_llm_key="sesame"))
    assert "secret" not in repr(settings)
    assert "c2VjcmV0" not in repr(settings)


@pytest.mark.parametrize("url", ["http://a.example/r4", "http://127.0.0.1.a.example/", "http://a.localhost/"])
def test_what_would_be_sent_in_the_clear(url: str) -> None:
    assert in_clear(url, allow_http=False)
    assert not in_clear(url, allow_http=True)


@pytest.mark.parametrize(
    "url", ["https://a.example/r4", "http://127.0.0.1:8080/r4", "http://[::1]/r4", "http://localhost/r4"]
)
def test_what_would_not(url: str) -> None:
    assert not in_clear(url, allow_http=False)
