"""``trialcards serve``: the service over HTTP."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command
from cds.errors import BadSetting

if TYPE_CHECKING:
    import argparse

    from cds.settings import Settings

_EXAMPLES = Path(__file__).resolve().parents[2] / "tests" / "golden"


def add_to(commands: Commands) -> None:
    """Add the command."""
    serve = command(
        commands,
        "serve",
        _serve,
        "start the service",
        "Settings come from environment variables (trialcards config lists them). Only the EHRs that "
        "CDS_CALLERS lists are let in.",
    )
    serve.add_argument("--host", help="address to listen on (default: CDS_HOST)")
    serve.add_argument("--port", type=int, choices=range(1, 65536), metavar="PORT", help="default: CDS_PORT")
    serve.add_argument(
        "--demo",
        action="store_true",
        help="offer the demo page at / with the charts in CDS_DEMO_CHARTS (default: those of the checkout); the "
        "service then plays the charts' day instead of today",
    )


def _serve(chosen: argparse.Namespace) -> int:
    import uvicorn

    from cds.api.operations import Drain
    from cds.app import create_app, settle_memory
    from cds.cli.departing import LONGEST_FINISH_S, Departing
    from cds.cli.patience import Impatient
    from cds.settings import Settings
    from cds.telemetry import start_logging

    settings = with_demo(Settings.read(os.environ)) if chosen.demo else Settings.read(os.environ)
    host, port = chosen.host or settings.host, chosen.port or settings.port
    settings = replace(settings, host=host, port=port)
    start_logging(settings.log_threshold)
    drain = Drain()
    app = create_app(settings, drain=drain)
    settle_memory()
    listening = listen(host, port)
    where = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if settings.demo_charts:
        told = f"Demo at {where}/ with invented charts: the service plays their day, not today. Stop with Ctrl-C."
    else:
        told = f"CDS Hooks discovery at {where}/cds-services. Stop with Ctrl-C."
    print(told, file=sys.stderr)  # noqa: T201 - this is how a command line speaks
    config = uvicorn.Config(
        app,
        http=Impatient,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=LONGEST_FINISH_S,
    )
    with suppress(KeyboardInterrupt):
        Departing(config, drain, settings.drain_s).run(sockets=[listening])
    return Exit.OK


def listen(host: str, port: int) -> socket.socket:
    """Take an address to listen on; raise ``BadSetting`` where it cannot be had."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as problem:
        reason = (problem.strerror or "there is no such address").partition(" (")[0]
        raise BadSetting(f"CDS_HOST, CDS_PORT: cannot listen on {host} port {port}: {reason.lower()}") from problem


def with_demo(settings: Settings, examples: Path = _EXAMPLES) -> Settings:
    """Turn the demo on, with the charts of the checkout where the settings name none; without any, ``BadSetting``."""
    if settings.demo_charts:
        return settings
    if not examples.is_dir():
        raise BadSetting("CDS_DEMO_CHARTS: must name a folder of example charts, as none came with this installation")
    return replace(settings, demo_charts=examples)
