"""The settings as people read them: the table in the README, and the rows of ``trialcards config``."""

from __future__ import annotations

from dataclasses import dataclass, fields

from cds.settings.chosen import PREFIX, Settings


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as the README's table tells it; ``separator`` parts its values, where it may have several."""

    variable: str
    default: str
    says: str
    separator: str


def setting_rows() -> tuple[SettingRow, ...]:
    """Give every setting with its variable, its default in words and what it means, in order."""
    return tuple(
        SettingRow(
            PREFIX + each.name.upper(), each.metadata["shown"], each.metadata["says"], each.metadata["separator"]
        )
        for each in fields(Settings)
    )


def settings_table() -> str:
    """Give the settings as the Markdown table that stands in the README."""
    head = "| Variable | Default | Meaning |\n| --- | --- | --- |\n"
    return head + "".join(
        f"| `{row.variable}` | {row.default} | {escaped} |\n"
        for row in setting_rows()
        for escaped in [row.says.replace("|", "\\|")]
    )
