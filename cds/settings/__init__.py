"""All settings of one installation, read once from the environment and handed down as one frozen object."""

from cds.settings.chosen import Settings
from cds.settings.readers import HOOKS, RequestCode
from cds.settings.table import SettingRow, setting_rows, settings_table

__all__ = ["HOOKS", "RequestCode", "SettingRow", "Settings", "setting_rows", "settings_table"]
