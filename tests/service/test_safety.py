"""Settings that contradict each other, or would put patients' data at risk, stop the start with every reason."""

from pathlib import Path

import pytest

from cds.errors import BadSetting
from cds.safety import check_safety
from cds.settings import Settings

UNSAFE = {
    "tokens in the clear": ({"CDS_FHIR_SERVERS": "https://a.example/fhir,http://b.example/fhir"}, "CDS_FHIR_SERVERS"),
    "codes in the clear": ({"CDS_TERMINOLOGY_URL": "http://terms.example/r4"}, "CDS_TERMINOLOGY_URL"),
    "a demo beside patients": (
        {"CDS_DEMO_CHARTS": "tests/golden", "CDS_FHIR_SERVERS": "https://a.example/fhir"},
        "CDS_DEMO_CHARTS",
    ),
    "no list of callers": ({}, "CDS_CALLERS"),
    "tokens to an address in the clear": (
        {"CDS_CALLERS": "callers.yaml", "CDS_PUBLIC_URL": "http://cards.example"},
        "CDS_PUBLIC_URL",
    ),
    "two lists of servers": (
        {"CDS_CALLERS": "callers.yaml", "CDS_FHIR_SERVERS": "https://a.example/fhir"},
        "CDS_FHIR_SERVERS",
    ),
    "two lists of profiles": ({"CDS_CALLERS": "callers.yaml", "CDS_PROFILE": "sandbox"}, "CDS_PROFILE"),
    "no proof for everyone": ({"CDS_AUTHENTICATION": "off", "CDS_HOST": "0.0.0.0"}, "CDS_AUTHENTICATION"),  # noqa: S104
    "no proof for the world": (
        {"CDS_AUTHENTICATION": "off", "CDS_PUBLIC_URL": "https://cards.example"},
        "CDS_AUTHENTICATION",
    ),
    "a memory without keys": ({"CDS_AUTHENTICATION": "off", "CDS_COOL_DOWN_HOURS": "12"}, "CDS_COOL_DOWN_HOURS"),
    "a gateway in the clear": (
        {"CDS_AUTHENTICATION": "gateway", "CDS_PUBLIC_URL": "http://cards.example"},
        "CDS_PUBLIC_URL",
    ),
    "no proof for a name like this machine's": (
        {"CDS_AUTHENTICATION": "off", "CDS_PUBLIC_URL": "https://127.cards.example"},
        "CDS_AUTHENTICATION",
    ),
    "tokens to a name like this machine's": (
        {"CDS_AUTHENTICATION": "off", "CDS_FHIR_SERVERS": "http://127.0.0.1.example/fhir"},
        "CDS_FHIR_SERVERS",
    ),
    "a demo that forgets what others keep": (
        {"CDS_DEMO_CHARTS": "tests/golden", "CDS_STORE_URL": "sqlite:///trialcards.sqlite3"},
        "CDS_STORE_URL",
    ),
    "a page that anyone may lay another over": ({"CDS_APP_FRAMES": "http://ehr.example.org"}, "CDS_APP_FRAMES"),
    "a demo that is opened from an EHR": (
        {"CDS_DEMO_CHARTS": "tests/golden", "CDS_LAUNCH_SERVERS": "launch.yaml"},
        "CDS_LAUNCH_SERVERS",
    ),
    "cards that lead to a page that does not open": (
        {"CDS_AUTHENTICATION": "off", "CDS_APP_URL": "http://127.0.0.1:8000/app/launch"},
        "CDS_LAUNCH_SERVERS",
    ),
    "a list that means nothing": ({"CDS_AUTHENTICATION": "gateway", "CDS_CALLERS": "callers.yaml"}, "CDS_CALLERS"),
    "a page without a token": (
        {"CDS_AUTHENTICATION": "jwt", "CDS_CALLERS": "callers.yaml", "CDS_DEMO_CHARTS": "tests/golden"},
        "CDS_DEMO_CHARTS",
    ),
}
SAFE = {
    "listed callers": {
        "CDS_AUTHENTICATION": "jwt",
        "CDS_CALLERS": "callers.yaml",
        "CDS_PUBLIC_URL": "https://cards.example",
        "CDS_HOST": "0.0.0.0",  # noqa: S104 - a value to take
    },
    "a gateway": {"CDS_AUTHENTICATION": "gateway", "CDS_PUBLIC_URL": "https://cards.example"},
    "this machine alone": {},
    "https": {"CDS_FHIR_SERVERS": "https://a.example/fhir"},
    "this machine": {"CDS_FHIR_SERVERS": "http://localhost:8080/fhir,http://127.0.0.1:8081/fhir,http://[::1]/fhir"},
    "said so": {"CDS_FHIR_SERVERS": "http://hapi:8080/fhir", "CDS_ALLOW_HTTP": "true"},
    "a demo": {"CDS_DEMO_CHARTS": "tests/golden"},
    "cards that lead to another page": {"CDS_APP_URL": "https://app.example.org/launch"},
    "cards that lead to our page": {
        "CDS_APP_URL": "http://127.0.0.1:8000/app/launch",
        "CDS_LAUNCH_SERVERS": "launch.yaml",
    },
    "a page in an EHR": {"CDS_LAUNCH_SERVERS": "launch.yaml", "CDS_APP_FRAMES": "https://ehr.example.org"},
    "a page in an EHR of this machine": {"CDS_APP_FRAMES": "http://localhost:9000"},
}


@pytest.mark.parametrize("name", UNSAFE)
def test_an_unsafe_choice_is_named(name: str) -> None:
    environment, named = UNSAFE[name]
    with pytest.raises(BadSetting, match=named):
        check_safety(Settings.read(environment))


@pytest.mark.parametrize("name", SAFE)
def test_a_safe_choice_passes(name: str) -> None:
    check_safety(Settings.read({"CDS_AUTHENTICATION": "off"} | SAFE[name]))


def test_all_reasons_are_told_at_once() -> None:
    settings = Settings(
        fhir_servers=("http://b.example/fhir",),
        terminology_url="http://terms.example/r4",
        demo_charts=Path("tests/golden"),
    )
    with pytest.raises(BadSetting) as caught:
        check_safety(settings)
    assert str(caught.value).count(";") >= 2
