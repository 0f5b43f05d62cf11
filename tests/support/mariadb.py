"""A real MariaDB for tests: one process, its own folder, one database with one user who has a password."""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import pymysql
from pymysql.connections import Connection

from kasugai.sim.child import Child, free_port

PASSWORD = "p@ss:word"
"""With the letters that a URL must quote."""


class MariaServer:
    """Debian's MariaDB without any of the machine's settings."""

    def __init__(self, *options: str) -> None:
        """Choose a port and a folder, and make the system tables. `options`: the server's own."""
        self._folder = TemporaryDirectory(prefix="kasugai-mariadb-")
        self.port = free_port()
        folder = Path(self._folder.name)
        self.socket = folder / "s"
        install = ["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={folder}/data"]
        rest = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run([*install, *rest], check=True, capture_output=True)
        server = ["mariadbd", "--no-defaults", "--user=root", f"--datadir={folder}/data"]
        net = [f"--socket={self.socket}", "--bind-address=127.0.0.1", f"--port={self.port}", "--skip-log-bin"]
        small = ["--innodb-buffer-pool-size=32M", "--performance-schema=OFF"]
        path = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
        self._child = Child([path, *server[1:], *net, *small, *options], log=folder / "log")

    def start(self) -> Self:
        """Start it and wait until it answers; then make the database `masakari` and its user."""
        self._child.start(self._answers)
        quoted = PASSWORD.replace("'", "''")
        self.run(
            "CREATE DATABASE masakari CHARACTER SET utf8mb4",
            f"CREATE USER 'masakari'@'127.0.0.1' IDENTIFIED BY '{quoted}'",
            "GRANT SELECT ON masakari.* TO 'masakari'@'127.0.0.1'",
        )
        return self

    def run(self, *statements: str, database: str | None = None) -> None:
        """Carry out statements as root."""
        with self._connect(database) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()

    def stop(self) -> None:
        """End it and remove its data."""
        self._child.stop()
        self._folder.cleanup()

    def _connect(self, database: str | None = None) -> "Connection[pymysql.cursors.Cursor]":
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", database=database)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except pymysql.Error:
            return False
        return True
