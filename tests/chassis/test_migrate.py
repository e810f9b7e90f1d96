"""Schemas brought up to date: roles, order, once each, all of a file or nothing."""

import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

import services
from chassis import migrate
from tests.fix_stack import PASSWORD, Servers


@dataclass(frozen=True)
class Mill:
    """A service that exists for one test: its folder, and a database without its schema."""

    folder: Path
    name: str
    admin_url: str
    servers: Servers

    def write(self, name: str, text: str) -> None:
        (self.folder / "migrations" / name).write_text(text)

    def provision(self, password: str = PASSWORD) -> None:
        migrate.provision(self.admin_url, service=self.name, password=password)

    def migrate(self) -> list[str]:
        """The service's own migrations that were applied; the chassis's are left out."""
        applied = migrate.migrate(self.admin_url, service=self.name)
        return [name for name in applied if name.startswith(self.name)]

    def connect(self, password: str = PASSWORD) -> psycopg.Connection:
        server = self.admin_url.partition("@")[2]
        options = f"-c search_path={self.name}"
        return psycopg.connect(f"postgresql://{self.name}:{password}@{server}", options=options)

    def tables(self) -> set[str]:
        with psycopg.connect(self.admin_url) as admin:
            rows = admin.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = %s", [self.name]
            )
            return {row[0] for row in rows}


@pytest.fixture
def mill(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mill]:
    name = f"mill_{secrets.token_hex(3)}"
    folder = tmp_path / name
    (folder / "migrations").mkdir(parents=True)
    (folder / "__init__.py").write_text('"""A mill."""\n')
    monkeypatch.setattr(services, "__path__", [*services.__path__, str(tmp_path)])
    with psycopg.connect(servers.admin_url(), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
        yield Mill(folder, name, servers.admin_url(database=name), servers)
        sys.modules.pop(f"services.{name}", None)
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
        admin.execute(f'DROP ROLE IF EXISTS "{name}"'.encode())
        admin.execute(f'DROP ROLE IF EXISTS "{name}_owner"'.encode())


class TestMigrate:
    def test_applies_each_file_once_in_order_of_its_name(self, mill: Mill) -> None:
        mill.provision()
        mill.write("0002_post_fill.sql", "INSERT INTO wheel VALUES (1);")
        mill.write("0001_pre_build.sql", "CREATE TABLE wheel (teeth integer);")
        mill.write("notes.txt", "no SQL")

        first = mill.migrate()
        again = mill.migrate()
        mill.write("0003_pre_grow.sql", "ALTER TABLE wheel ADD spokes integer;")

        assert first == [f"{mill.name}/0001_pre_build.sql", f"{mill.name}/0002_post_fill.sql"]
        assert again == []
        assert mill.migrate() == [f"{mill.name}/0003_pre_grow.sql"]
        assert {"wheel", "outbox", "inbox", "parked_delivery", "command_answer"} < mill.tables()

    def test_leaves_nothing_of_a_file_that_fails(self, mill: Mill) -> None:
        mill.provision()
        mill.write("0001_pre_build.sql", "CREATE TABLE wheel ();")
        mill.write("0002_pre_break.sql", "CREATE TABLE axle (); SELECT 1 / 0;")

        with pytest.raises(errors.DivisionByZero):
            mill.migrate()
        assert "wheel" in mill.tables()
        assert "axle" not in mill.tables()

        mill.write("0002_pre_break.sql", "CREATE TABLE axle ();")
        assert mill.migrate() == [f"{mill.name}/0002_pre_break.sql"]

    def test_refuses_a_file_that_was_edited_after_it_was_applied(self, mill: Mill) -> None:
        mill.provision()
        mill.write("0001_pre_build.sql", "CREATE TABLE wheel ();")
        mill.migrate()
        mill.write("0001_pre_build.sql", "CREATE TABLE wheel (teeth integer);")

        with pytest.raises(migrate.Changed, match="0001_pre_build"):
            mill.migrate()

    def test_waits_no_longer_than_its_limit_for_a_table_in_use(self, mill: Mill) -> None:
        mill.provision()
        mill.write("0001_pre_build.sql", "CREATE TABLE wheel ();")
        mill.migrate()
        mill.write("0002_pre_grow.sql", "ALTER TABLE wheel ADD spokes integer;")
        with mill.connect() as user:
            user.execute("SELECT * FROM wheel")

            with pytest.raises(errors.LockNotAvailable):
                mill.migrate()
        assert mill.migrate() == [f"{mill.name}/0002_pre_grow.sql"]


class TestProvision:
    def test_may_be_repeated_and_sets_the_password_anew(self, mill: Mill) -> None:
        mill.provision()
        mill.provision(password="another-one")

        with mill.connect(password="another-one") as signed_in:
            assert signed_in.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError, match="password"):
            mill.connect()

    def test_lets_the_service_write_rows_and_change_no_table(self, mill: Mill) -> None:
        mill.provision()
        mill.write("0001_pre_build.sql", "CREATE TABLE wheel (teeth integer);")
        mill.migrate()

        with mill.connect() as service:
            service.execute("INSERT INTO wheel VALUES (1)")
            service.execute("UPDATE wheel SET teeth = 2")
            service.execute("DELETE FROM wheel")
            for change in (
                "DROP TABLE wheel",
                "ALTER TABLE wheel ADD spokes integer",
                "TRUNCATE wheel",
                "CREATE TABLE axle ()",
            ):
                with pytest.raises(errors.InsufficientPrivilege), service.transaction():
                    service.execute(change.encode())

    def test_hides_the_schema_from_another_service(self, mill: Mill) -> None:
        mill.provision()
        mill.write("0001_pre_build.sql", "CREATE TABLE wheel ();")
        mill.migrate()
        migrate.provision(mill.admin_url, service="recharges", password=PASSWORD)
        server = mill.admin_url.partition("@")[2]

        with (
            psycopg.connect(f"postgresql://recharges:{PASSWORD}@{server}") as stranger,
            pytest.raises(errors.InsufficientPrivilege),
        ):
            stranger.execute(f"SELECT * FROM {mill.name}.wheel".encode())
