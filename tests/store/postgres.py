"""A PostgreSQL server of the tests' own, on a socket in a folder of its own: nothing listens on the network."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

USERS = ("postgres", "nobody")
"""Who may run it where the tests run as root, which PostgreSQL refuses."""


class NotToBeHad(Exception):
    """There is no PostgreSQL here, or nobody to run it; the message says which."""


def programs() -> Path:
    """Find the folder of `initdb` and `postgres`: Debian's, newest first, or wherever PATH leads."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: int(each.parts[-3]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    if on_path is None:
        raise NotToBeHad("no PostgreSQL: neither /usr/lib/postgresql/*/bin nor PATH has initdb")
    return Path(on_path).resolve().parent


def as_another() -> tuple[list[str], pwd.struct_passwd | None]:
    """Give what to put before a command so that it does not run as root, and who it then runs as."""
    if os.geteuid() != 0:
        return [], None
    known = {each.pw_name: each for each in pwd.getpwall()}
    user = next((known[name] for name in USERS if name in known), None)
    if user is None or shutil.which("setpriv") is None:
        raise NotToBeHad("no PostgreSQL: the tests run as root, and there is no other user or no setpriv")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"], user


@contextmanager
def server() -> Iterator[str]:
    """Start one and give the address of its database `postgres`; raises ``NotToBeHad``."""
    where, (before, user) = programs(), as_another()
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    name = user.pw_name if user else pwd.getpwuid(os.geteuid()).pw_name
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    plain = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(folder)}
    data = str(folder / "data")
    try:
        made = [*before, str(where / "initdb"), "-D", data, "-A", "trust", "-U", name, "-E", "UTF8", "--no-locale"]
        subprocess.run(made, check=True, capture_output=True, cwd=folder, env=plain)
        options = ["-c", "listen_addresses=", "-k", str(folder), "-c", "max_connections=60"]
        started = [*before, str(where / "postgres"), "-D", data, *options]
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(started, stdout=log, stderr=log, env=plain) as running,
        ):
            try:
                _wait(running, [str(where / "pg_isready"), "-h", str(folder), "-U", name, "-q"], plain)
                yield f"postgresql://{name}@/postgres?host={quote(str(folder), safe='')}"
            finally:
                running.send_signal(signal.SIGQUIT)  # "immediate": nothing of it is needed any more
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(running: subprocess.Popen[bytes], asking: list[str], environment: dict[str, str]) -> None:
    for _ in range(300):
        if subprocess.run(asking, check=False, env=environment).returncode == 0:
            return
        if running.poll() is not None:
            break
        time.sleep(0.1)
    raise NotToBeHad("no PostgreSQL: it does not start here")
