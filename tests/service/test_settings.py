"""Settings are read once, each with its meaning; one that cannot be used is named with the reason."""

from dataclasses import FrozenInstanceError
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cds.core.codes import Code
from cds.errors import BadSetting
from cds.settings import Settings, setting_rows, settings_table

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
        "CDS_TIME_ZONE": "Europe/Berlin",
        "CDS_NEAR_DAYS": "14",
        "CDS_FHIR_SERVERS": "https://a.example.org/r4/, http://b.example.org",
        "CDS_DEADLINE_S": "2.5",
        "CDS_MAX_BODY_BYTES": "5000000",
        "CDS_MAX_CARDS": "2",
        "CDS_SHOW_DRAFTS": "Yes",
        "CDS_MAPPINGS": "m",
        "CDS_MAPPINGS_OVERLAY": "o",
        "CDS_TERMINOLOGY_URL": "https://tx.example.org/r4/",
        "CDS_TERMINOLOGY_DEADLINE_S": "1.5",
        "CDS_TRIALS": "t",
        "CDS_RECORDS": "r",
        "CDS_DEMO_CHARTS": "d",
        "CDS_OPT_OUT": "http://terminology.hl7.org/CodeSystem/v3-ActCode|X, urn:site|no-research",
        "CDS_ALLOW_ORIGINS": "https://ehr.example.org",
        "CDS_LOG_LEVEL": "warning",
    }
    assert Settings.read(chosen) == Settings(
        public_url="https://cards.example.org",
        host="0.0.0.0",  # noqa: S104 - a value to read
        port=9000,
        time_zone=ZoneInfo("Europe/Berlin"),
        near_days=14,
        fhir_servers=("https://a.example.org/r4", "http://b.example.org"),
        deadline_s=2.5,
        max_body_bytes=5_000_000,
        max_cards=2,
        show_drafts=True,
        mappings=Path("m"),
        mappings_overlay=Path("o"),
        terminology_url="https://tx.example.org/r4",
        terminology_deadline_s=1.5,
        trials=Path("t"),
        records=Path("r"),
        demo_charts=Path("d"),
        opt_out=(Code("http://terminology.hl7.org/CodeSystem/v3-ActCode", "X"), Code("urn:site", "no-research")),
        allow_origins=("https://ehr.example.org",),
        log_level="WARNING",
    )
    assert set(chosen) == {row.variable for row in setting_rows()}


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("CDS_PUBLIC_URL", "cards.example.org"),
        ("CDS_PUBLIC_URL", "https://user@cards.example.org"),
        ("CDS_PORT", "0"),
        ("CDS_PORT", "٣"),
        ("CDS_PORT", "eighty"),
        ("CDS_TIME_ZONE", "Mars/Olympus"),
        ("CDS_TIME_ZONE", "../../etc/passwd"),
        ("CDS_NEAR_DAYS", "-1"),
        ("CDS_FHIR_SERVERS", "https://ok.example.org,ftp://no.example.org"),
        ("CDS_FHIR_SERVERS", "https://ok.example.org/?x=1"),
        ("CDS_DEADLINE_S", "nan"),
        ("CDS_DEADLINE_S", "inf"),
        ("CDS_DEADLINE_S", "0"),
        ("CDS_SHOW_DRAFTS", "maybe"),
        ("CDS_ALLOW_ORIGINS", "*"),
        ("CDS_ALLOW_ORIGINS", "https://ehr.example.org/app"),
        ("CDS_OPT_OUT", "no-research"),
        ("CDS_LOG_LEVEL", "LOUD"),
        ("CDS_PROT", "8000"),
    ],
)
def test_what_cannot_be_used_is_named_with_the_reason(variable: str, text: str) -> None:
    with pytest.raises(BadSetting, match=f"^{variable}: "):
        Settings.read({variable: text})


def test_every_setting_says_what_it_means() -> None:
    rows = setting_rows()
    assert all(row.says.endswith(".") and row.default for row in rows)
    assert "JWT" in rows[0].says
    assert settings_table().count("\n") == len(rows) + 2


def test_the_readme_tells_the_settings() -> None:
    readme = REPOSITORY / "README.md"
    if not readme.is_file() or "CDS_" not in readme.read_text(encoding="utf-8"):
        pytest.skip("the README has no table of settings yet")
    assert settings_table() in readme.read_text(encoding="utf-8")
