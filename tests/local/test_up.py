"""The local stack from outside: started, killed in parts, killed whole, and started again."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from stat import S_IMODE

import psycopg
import pytest
from kombu import Connection

from deploy.local import orphans, postgres
from deploy.local.home import ROOT, Home
from deploy.local.up import READY
from tests.fix_stack import LOCAL_WEB_PORT, RunningStack, Servers, empty_stack, wipe

SERVERS = ("epmd", "rabbitmq", "postgres", "nginx")
RESTARTED_WITHIN_S = 3.0


@pytest.fixture(scope="module")
def servers_only() -> Iterator[RunningStack]:
    """The servers of a stack: what is supervised is supervised alike, and these start fast."""
    with empty_stack("up", web_port=LOCAL_WEB_PORT) as made:
        made.up("--servers-only")
        yield made
        made.down()
        assert not marked(made)
        assert not made.home.stack_file.exists()


def marked(stack: RunningStack) -> list[int]:
    """Every process that carries this stack's mark."""
    folders = [stack.home.path / "nginx", *postgres.folders(stack.home)]
    return orphans.of_stack(stack.home, folders=folders)


class TestUp:
    def test_writes_a_private_file_that_names_every_server(
        self, servers_only: RunningStack
    ) -> None:
        kept = json.loads(servers_only.home.stack_file.read_text())
        assert S_IMODE(servers_only.home.stack_file.stat().st_mode) == 0o600
        assert kept["web"] == f"http://127.0.0.1:{servers_only.ports.web}"
        assert {each["name"] for each in kept["processes"]} == set(SERVERS)
        for each in kept["processes"]:
            assert Path(f"/proc/{each['pid']}").exists()

    def test_gives_addresses_that_work(self, servers_only: RunningStack) -> None:
        with psycopg.connect(servers_only.database_url) as admin:
            assert admin.execute("SHOW fsync").fetchone() == ("on",)
        with Connection(servers_only.amqp_url) as broker:
            broker.connect()

    def test_keeps_its_passwords_to_its_owner(self, servers_only: RunningStack) -> None:
        secrets = servers_only.home.path / "secrets.json"
        assert S_IMODE(secrets.stat().st_mode) == 0o600
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(
                host="127.0.0.1", port=servers_only.ports.postgres, user="postgres", password="x"
            )

    def test_listens_on_the_loopback_only(self, servers_only: RunningStack) -> None:
        ports = servers_only.ports
        ours = {ports.web, ports.postgres, ports.amqp, ports.epmd, ports.distribution}
        listening = {(address, port) for address, port in _listening_addresses() if port in ours}
        assert {port for _, port in listening} == ours
        assert {address for address, _ in listening} <= {"127.0.0.1", "::1"}

    def test_shows_a_page_in_french(self, servers_only: RunningStack) -> None:
        status, page = _get(servers_only, path="/services")
        assert status == 200
        assert 'lang="fr"' in page
        assert "data-service" not in page  # no service runs, so none is listed

    def test_refuses_to_start_twice_on_one_folder(self, servers_only: RunningStack) -> None:
        second = servers_only.relais("up", "--servers-only")
        assert second.returncode == 1
        assert "a stack already runs on" in second.stderr
        assert "RELAIS_HOME" in second.stderr
        assert "Traceback" not in second.stderr

    def test_names_the_port_that_a_stranger_holds(
        self, servers_only: RunningStack, tmp_path: Path
    ) -> None:
        beside = RunningStack(Home(tmp_path), servers_only.ports)
        refused = beside.relais("up", "--servers-only")
        assert refused.returncode == 1
        assert f"port {servers_only.ports.web} is already taken" in refused.stderr
        assert "RELAIS_PORT" in refused.stderr

    @pytest.mark.parametrize("wish", ["recharges", "recharges=0", "nobody=2"])
    def test_refuses_a_scale_it_does_not_understand(
        self, servers_only: RunningStack, wish: str, tmp_path: Path
    ) -> None:
        elsewhere = RunningStack(Home(tmp_path), servers_only.ports)
        refused = elsewhere.relais("up", "--scale", wish)
        assert refused.returncode == 1
        assert refused.stderr.startswith(f"relais: --scale {wish}:")


class TestStatus:
    def test_says_what_answers(self, servers_only: RunningStack) -> None:
        servers_only.wait_ready()
        shown = json.loads(servers_only.relais("status", "--json").stdout)
        assert shown["running"]
        assert {each["name"]: each["answers"] for each in shown["processes"]} == dict.fromkeys(
            SERVERS, True
        )
        assert "password" not in json.dumps(shown)

    def test_says_when_nothing_runs(self, servers_only: RunningStack, tmp_path: Path) -> None:
        nothing = RunningStack(Home(tmp_path), servers_only.ports)
        shown = nothing.relais("status", "--json")
        assert shown.returncode == 1
        assert json.loads(shown.stdout) == {"running": False, "processes": []}


class TestSupervision:
    @pytest.mark.parametrize("name", SERVERS)
    def test_starts_a_killed_server_again_within_three_seconds(
        self, servers_only: RunningStack, name: str
    ) -> None:
        servers_only.wait_ready()
        killed = servers_only.kill9(name)
        assert servers_only.wait_restarted(name, killed=killed) < RESTARTED_WITHIN_S
        servers_only.wait_ready()

    def test_keeps_what_was_committed_before_the_kill(self, servers_only: RunningStack) -> None:
        with psycopg.connect(servers_only.database_url, autocommit=True) as admin:
            admin.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        killed = servers_only.kill9("postgres")
        servers_only.wait_restarted("postgres", killed=killed)
        servers_only.wait_ready()
        with psycopg.connect(servers_only.database_url, autocommit=True) as admin:
            assert admin.execute("SELECT answer FROM kept").fetchone() == (42,)
            admin.execute("DROP TABLE kept")

    def test_ends_a_busy_backend_of_a_killed_server(self, servers_only: RunningStack) -> None:
        servers_only.wait_ready()
        with closing(psycopg.connect(servers_only.database_url, autocommit=True)) as busy:
            backend = busy.info.backend_pid
            busy.pgconn.send_query(b"SELECT pg_sleep(600)")
            busy.pgconn.flush()
            killed = servers_only.kill9("postgres")
            took_s = servers_only.wait_restarted("postgres", killed=killed)
            assert took_s < RESTARTED_WITHIN_S
            servers_only.wait_ready()
            assert not _runs(backend)

    def test_starts_again_after_the_supervisor_was_killed(self, servers_only: RunningStack) -> None:
        before = {each.pid for each in servers_only.now.processes}
        servers_only.kill9_supervisor()
        servers_only.up("--servers-only")
        servers_only.wait_ready()
        after = {each.pid for each in servers_only.now.processes}
        assert not before & after
        assert not any(_runs(pid) for pid in before)


@pytest.fixture
def hidden(tmp_path_factory: pytest.TempPathFactory, servers: Servers) -> Iterator[RunningStack]:
    """A stack in a folder that PostgreSQL's own user cannot reach, as in a private clone.

    It borrows its broker, so that it starts in a second.
    """
    folder = tmp_path_factory.mktemp("private")
    folder.chmod(0o700)
    with empty_stack("hidden", web_port=LOCAL_WEB_PORT + 10) as slot:
        own = {"AMQP_URL": servers.amqp_url(vhost="relais")}
        stack = RunningStack(Home(folder / "home"), slot.ports, own)
        yield stack
        stack.relais("down")
        wipe(stack.home)


class TestForeground:
    def test_serves_until_ctrl_c_and_leaves_no_process_behind(self, hidden: RunningStack) -> None:
        with subprocess.Popen(
            [sys.executable, "-m", "deploy.command", "up", "--servers-only"],
            cwd=ROOT,
            env=hidden.environment(),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as foreground:
            assert foreground.stdout
            printed = list(
                iter(foreground.stdout.readline, f"{READY} http://127.0.0.1:{hidden.ports.web}\n")
            )
            assert any("postgres answers" in line for line in printed)
            assert marked(hidden)
            # The terminal signals every process in the foreground, not only the first.
            os.killpg(foreground.pid, signal.SIGINT)
            assert foreground.wait(timeout=60) == 0
        assert not marked(hidden)
        assert not hidden.home.stack_file.exists()

    def test_uses_the_servers_that_the_environment_names(
        self, hidden: RunningStack, servers: Servers
    ) -> None:
        own = {"DATABASE_URL": servers.admin_url(), "AMQP_URL": servers.amqp_url(vhost="relais")}
        stack = RunningStack(hidden.home, hidden.ports, own)
        stack.up("--servers-only")
        assert [each.name for each in stack.now.processes] == ["nginx"]
        assert stack.database_url == own["DATABASE_URL"]
        assert stack.amqp_url == own["AMQP_URL"]


class TestHome:
    def test_forgets_the_database_of_a_folder_that_was_removed(self, hidden: RunningStack) -> None:
        hidden.up("--servers-only")
        hidden.down()
        inside, outside = postgres.folders(hidden.home)
        if os.geteuid() == 0:  # only root has a user PostgreSQL must change to
            assert inside.is_symlink()
            assert outside.is_dir()
        shutil.rmtree(hidden.home.path)
        hidden.up("--servers-only")
        with psycopg.connect(hidden.database_url) as admin:
            assert admin.execute("SELECT 1").fetchone() == (1,)

    def test_keeps_its_database_between_starts(self, hidden: RunningStack) -> None:
        hidden.up("--servers-only")
        with psycopg.connect(hidden.database_url, autocommit=True) as admin:
            admin.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        hidden.down()
        hidden.up("--servers-only")
        with psycopg.connect(hidden.database_url) as admin:
            assert admin.execute("SELECT answer FROM kept").fetchone() == (42,)

    def test_says_when_its_secrets_were_lost(self, hidden: RunningStack) -> None:
        hidden.up("--servers-only")
        hidden.down()
        (hidden.home.path / "secrets.json").unlink()
        refused = hidden.relais("up", "--servers-only")
        assert refused.returncode == 1
        assert "PostgreSQL refuses the password of this stack" in refused.stderr


class TestDown:
    def test_ends_what_a_killed_supervisor_left(self, hidden: RunningStack) -> None:
        hidden.up("--servers-only")
        hidden.kill9_supervisor()
        hidden.down()
        assert not marked(hidden)
        assert "nothing runs here" in hidden.relais("down").stdout


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def _get(stack: RunningStack, *, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", stack.ports.web, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    page = answer.read().decode()
    connection.close()
    return answer.status, page


def _listening_addresses() -> set[tuple[str, int]]:
    """Every listening TCP socket of this machine, as the kernel tells it."""
    found = set()
    for family, table in ((socket.AF_INET, "tcp"), (socket.AF_INET6, "tcp6")):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if state != "0A":
                continue
            host, port = local.split(":")
            raw = b"".join(bytes.fromhex(host[i : i + 8])[::-1] for i in range(0, len(host), 8))
            found.add((socket.inet_ntop(family, raw), int(port, 16)))
    return found
