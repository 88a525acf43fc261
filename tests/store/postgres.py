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
from dataclasses import dataclass
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


@dataclass
class Server:
    """A database in a folder of its own, with a server that can be started and stopped."""

    folder: Path
    programs: Path
    before: list[str]
    user: str
    running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of its database `postgres`."""
        return f"postgresql://{self.user}@/postgres?host={quote(str(self.folder), safe='')}"

    @property
    def plain(self) -> dict[str, str]:
        """The environment that its programs get: nothing of the tests' own."""
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(self.folder)}

    def make(self) -> None:
        """Make the database, empty."""
        made = ["-D", str(self.folder / "data"), "-A", "trust", "-U", self.user, "-E", "UTF8", "--no-locale"]
        command = [*self.before, str(self.programs / "initdb"), *made]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, env=self.plain)

    def start(self) -> None:
        """Start it, and wait until it answers; raises ``NotToBeHad``."""
        options = ["-c", "listen_addresses=", "-k", str(self.folder), "-c", "max_connections=60"]
        started = [*self.before, str(self.programs / "postgres"), "-D", str(self.folder / "data"), *options]
        with (self.folder / "log").open("ab") as log:
            self.running = subprocess.Popen(started, stdout=log, stderr=log, env=self.plain)
        asking = [str(self.programs / "pg_isready"), "-h", str(self.folder), "-U", self.user, "-q"]
        for _ in range(300):
            if subprocess.run(asking, check=False, env=self.plain).returncode == 0:
                return
            if self.running.poll() is not None:
                break
            time.sleep(0.1)
        raise NotToBeHad("no PostgreSQL: it does not start here")

    def stop(self) -> None:
        """Stop it at once (PostgreSQL calls it "immediate"): what was committed is on the disk all the same."""
        if self.running is not None:
            self.running.send_signal(signal.SIGQUIT)
            self.running.wait(60)
            self.running = None


@contextmanager
def database() -> Iterator[Server]:
    """Make a database that no server runs on yet; raises ``NotToBeHad``."""
    where, (before, user) = programs(), as_another()
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    made = Server(folder, where, before, user.pw_name if user else pwd.getpwuid(os.geteuid()).pw_name)
    try:
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        made.make()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def server() -> Iterator[str]:
    """Start one and give the address of its database `postgres`; raises ``NotToBeHad``."""
    with database() as made:
        made.start()
        yield made.url
