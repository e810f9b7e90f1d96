"""A private PostgreSQL: its cluster, its configuration, and the child that runs it."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from deploy.local.child import Child, find_program, plain_environment
from deploy.local.home import Home, Trouble

DATABASE = "relais"
ELSEWHERE = Path("/var/lib/relais")
ROOT_RUNS_AS = "postgres"
SOCKET_PATH_MAX = 100

SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "max_connections": "200",
    "shared_buffers": "'256MB'",
    "work_mem": "'8MB'",
    "maintenance_work_mem": "'128MB'",
    "min_wal_size": "'256MB'",
    "max_wal_size": "'2GB'",
    "checkpoint_timeout": "'15min'",
    "random_page_cost": "1.1",
    "jit": "off",
    "password_encryption": "'scram-sha-256'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    # A refused row's DETAIL would quote it: names and numbers do not belong in a log.
    "log_error_verbosity": "terse",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "cluster_name": "'relais'",
}
# A database that is thrown away at the end of a test run need not survive a power cut.
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "'64MB'",
    "autovacuum_naptime": "'10min'",
}
ACCESS_RULES = """\
local all all scram-sha-256
host  all all 127.0.0.1/32 scram-sha-256
"""


def private_url(*, port: int, password: str, database: str = DATABASE) -> str:
    """The superuser's address of the private server."""
    return f"postgresql://postgres:{password}@127.0.0.1:{port}/{database}"


def make_child(home: Home, *, port: int, password: str, throwaway: bool = False) -> Child:
    """The child that runs the cluster of this home, which is made on first use."""
    user = ROOT_RUNS_AS if os.geteuid() == 0 else None
    cluster = _cluster_folder(home, user=user)
    programs = _programs_for(cluster)
    if not (cluster / "PG_VERSION").exists():
        _make_cluster(cluster, programs=programs, password=password, user=user)
    _write_settings(cluster, port=port, throwaway=throwaway)
    return Child(
        name="postgres",
        command=[str(programs / "postgres"), "-D", str(cluster)],
        environment=plain_environment() | {"LC_ALL": "C.UTF-8"},
        folder=cluster,
        port=port,
        order=3,
        answers=lambda: accepts(private_url(port=port, password=password, database="postgres")),
        home=home,
        user=user,
        stop_signal=signal.SIGINT,  # fast shutdown: clients are disconnected, nothing is lost
        stop_wait_s=20.0,
        # Its processes have been ended, so the number in the file may by now be a stranger's.
        prepare=lambda: (cluster / "postmaster.pid").unlink(missing_ok=True),
    )


def make_database(url: str, *, name: str) -> None:
    """Makes the database unless it exists already."""
    with psycopg.connect(url, autocommit=True) as admin:
        known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if not known:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def folders(home: Home) -> list[Path]:
    """Where a cluster of this home may lie: what its processes are known by."""
    return [home.path / "postgres", _elsewhere(home)]


def accepts(url: str) -> bool:
    """Whether the server takes this client."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError as refusal:
        if "password authentication failed" in str(refusal):
            raise Trouble(
                "PostgreSQL refuses the password of this stack: its secrets.json is not the one "
                "that the database was made with."
            ) from None
        return False
    return True


def _elsewhere(home: Home) -> Path:
    return ELSEWHERE / hashlib.sha256(str(home.path).encode()).hexdigest()[:12] / "postgres"


def _cluster_folder(home: Home, *, user: str | None) -> Path:
    """Inside the home, or outside when the user that PostgreSQL must run as cannot get there."""
    inside = home.path / "postgres"
    if inside.is_dir() and not inside.is_symlink():
        return inside
    home.prepare()
    if user is None or _reaches(home.path, user=user):
        inside.unlink(missing_ok=True)
        return inside
    outside = _elsewhere(home)
    outside.parent.mkdir(parents=True, exist_ok=True)
    shutil.chown(outside.parent, user, user)
    # No link: what lies there is of a stack whose folder, with its keys, was removed.  Another
    # link: this folder was copied, and brings the link to the cluster of the original.
    if not inside.is_symlink() or inside.readlink() != outside:
        inside.unlink(missing_ok=True)
        shutil.rmtree(outside, ignore_errors=True)
        inside.symlink_to(outside)
    return outside


def _reaches(path: Path, *, user: str) -> bool:
    try:
        tried = subprocess.run(["test", "-x", path], user=user, group=user, extra_groups=[])
    except (KeyError, PermissionError):
        raise Trouble(f"PostgreSQL must run as the user {user}, who does not exist.") from None
    return tried.returncode == 0


def _programs_for(cluster: Path) -> Path:
    """The folder of the newest PostgreSQL, or of the one that made this cluster."""
    installed = {
        int(match.group(1)): path.parent
        for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")
        if (match := re.search(r"/(\d+)/bin/", str(path)))
    }
    made_by = cluster / "PG_VERSION"
    if made_by.exists():
        version = int(made_by.read_text())
        if installed and version not in installed:
            raise Trouble(
                f"{cluster} was made by PostgreSQL {version}, which is no longer installed: "
                f"install postgresql-{version} again, or remove that folder with its data."
            )
        if installed:
            return installed[version]
    if installed:
        return installed[max(installed)]
    return Path(find_program("postgres")).resolve().parent


def _make_cluster(cluster: Path, *, programs: Path, password: str, user: str | None) -> None:
    """Builds it aside and moves it into place whole: a start that was cut off leaves no half."""
    fresh = cluster.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password_file = fresh / "password"
    password_file.write_text(password + "\n")
    data = fresh / "data"
    data.mkdir(mode=0o700)
    if user:
        for path in (fresh, password_file, data):
            shutil.chown(path, user, user)
    made = subprocess.run(
        [
            *(programs / "initdb", "-D", data, "-U", "postgres", f"--pwfile={password_file}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"),
        ],
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd=fresh,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise Trouble(f"initdb could not make {cluster}: {made.stderr.strip()}")
    data.rename(cluster)
    shutil.rmtree(fresh)


def _write_settings(cluster: Path, *, port: int, throwaway: bool) -> None:
    socket_path = cluster / f".s.PGSQL.{port}"
    sockets = f"'{cluster}'" if len(str(socket_path)) < SOCKET_PATH_MAX else "''"
    settings = SETTINGS | (THROWAWAY_SETTINGS if throwaway else {})
    settings |= {"port": str(port), "unix_socket_directories": sockets}
    lines = [f"{name} = {value}\n" for name, value in settings.items()]
    (cluster / "postgresql.conf").write_text("".join(lines))
    (cluster / "pg_hba.conf").write_text(ACCESS_RULES)
