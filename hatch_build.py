"""Packs the reviewed data beside the code when a wheel is built."""

from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DATA_DIRECTORIES = ("mappings", "trials")


class DataBuildHook(BuildHookInterface[BuilderConfig]):
    """Puts `mappings/` and `trials/` into a wheel as `cds/_data/…`.

    An editable install gets no copy: its loaders read the folders of the checkout, so that an edit counts at once.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the data to a standard wheel; a missing folder stops the build rather than ship a service without it."""
        if version == "standard":
            build_data["force_include"] |= {name: f"cds/_data/{name}" for name in DATA_DIRECTORIES}
