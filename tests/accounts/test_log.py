"""The log of who did what to whose access: whole, without names, and checked from outside."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import resources

import psycopg
import pytest
from psycopg.rows import dict_row

from deploy.local.home import ROOT
from kernel import chain
from tests.accounts.door import ADMIN, Door
from tests.fix_service import SIGNING_KEY, environment_of
from tests.fix_stack import FreshSchema, Schema


def relais_accounts(schema: Schema, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-W", "ignore", "-c"),
            "from services.accounts.cli import app; app()",
            *words,
        ],
        cwd=ROOT,
        env=environment_of(schema, RELAIS_SIGNING_KEY=SIGNING_KEY),
        capture_output=True,
        text=True,
    )


def links(door: Door) -> list[tuple[int, str, bytes, bytes]]:
    rows = door.rows("SELECT * FROM log_entry ORDER BY sequence")
    return [(r["sequence"], r["record"], r["previous_hash"], r["hash"]) for r in rows]


class TestLog:
    def test_is_one_chain_whoever_writes_at_once(self, door: Door) -> None:
        users = [door.make_user("referrer") for _ in range(4)]
        before = len(links(door))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: door.sign_in(users[number % 4]["email"]), range(16)))

        entries = links(door)
        assert len(entries) == before + 16
        assert chain.first_break(entries) is None

    def test_names_nobody(self, door: Door) -> None:
        user = door.make_user("mediator", door.make_site())
        door.sign_in(user["email"], address="198.51.100.23")
        door.sign_in(user["email"], password="faux")

        text = "".join(record for _, record, _, _ in links(door))

        for secret in (user["email"], user["display_name"], "198.51.100.23", "faux"):
            assert secret not in text
        assert "198.51.100.0/24" in text

    def test_is_read_by_administrators_page_by_page(self, door: Door) -> None:
        door.make_site()
        first = door.get("/v1/log?limit=2").json()
        rest = door.get(f"/v1/log?limit=2&after={first[-1]['sequence']}").json()

        numbers = [entry["sequence"] for entry in first + rest]
        assert numbers == list(range(numbers[0], numbers[0] - 4, -1))
        assert first[0]["kind"] == "site_opened"
        assert first[0]["more"]["site_code"].startswith("site-")
        assert door.get("/v1/log", as_=door.as_user("site_manager", door.make_site())).is_error

    def test_is_checked_by_a_command_that_names_the_first_entry_that_is_wrong(
        self, door: Door
    ) -> None:
        whole = relais_accounts(door.schema, "verify-log")
        assert (whole.returncode, f"{len(links(door))} entries" in whole.stdout) == (0, True)
        with psycopg.connect(door.schema.admin_url, autocommit=True) as admin:
            admin.execute("SET session_replication_role = replica")
            change = "UPDATE accounts.log_entry SET record = replace(record, {}) WHERE sequence = 1"
            admin.execute(change.format("'user_created', 'user_changed'").encode())
            try:
                broken = relais_accounts(door.schema, "verify-log")
            finally:
                admin.execute(change.format("'user_changed', 'user_created'").encode())

        assert broken.returncode == 1
        assert "broken at entry 1" in broken.stderr


class TestRule:
    def test_is_set_by_a_command_from_a_day_on(self, door: Door) -> None:
        done = relais_accounts(
            door.schema, "require-second-factor", "admin", "mediator", "--from", "2199-01-01"
        )

        assert (done.returncode, done.stdout.strip()) == (0, "from 2199-01-01: admin, mediator")
        rows = door.rows("SELECT value FROM rule WHERE from_on = '2199-01-01'")
        assert rows == [{"value": "admin,mediator"}]
        assert door.sign_in(ADMIN).json()["second_factor"] == "none", "not yet"
        assert relais_accounts(door.schema, "require-second-factor", "wizard").returncode == 2


class TestMigration:
    @pytest.fixture
    def old(self, fresh_schema: FreshSchema) -> Iterator[psycopg.Connection[dict[str, object]]]:
        """A schema as it was before the log."""
        connection = psycopg.connect(
            fresh_schema("accounts").admin_url, row_factory=dict_row, autocommit=True
        )
        connection.execute("CREATE SCHEMA old")
        connection.execute("SET search_path TO old")
        for package, names in (
            ("chassis", ("0001_pre_create_chassis",)),
            ("services.accounts", ("0001_pre_create_accounts", "0002_pre_tell_of_users")),
        ):
            for name in names:
                script = resources.files(package) / "migrations" / f"{name}.sql"
                connection.execute(script.read_text(encoding="utf-8").encode())
        yield connection
        connection.close()

    def test_carries_the_histories_over_as_the_beginning_of_the_chain(
        self, old: psycopg.Connection[dict[str, object]]
    ) -> None:
        old.execute(
            "INSERT INTO account (user_id, email, display_name, role, site_codes, password_hash,"
            " created_at) SELECT gen_random_uuid(), number || 'a@b.example', 'X', 'admin', '{}',"
            " '$argon2id$x', now() FROM generate_series(1, 3) AS number"
        )
        old.execute(
            "INSERT INTO account_change (at, user_id, change, by_user_id) SELECT"
            " '2026-11-01T10:00:00.5Z', user_id, 'created', NULL FROM account"
        )
        old.execute(
            "INSERT INTO sign_in_event (at, user_id, address, ending) SELECT"
            " '2026-11-01T09:00:00Z'::timestamptz, NULL::uuid, '192.0.2.1', 'failed' UNION ALL"
            " SELECT '2026-11-02T09:00:00Z', user_id, '192.0.2.1', 'passed' FROM account"
        )
        script = resources.files("services.accounts") / "migrations/0003_pre_sessions_and_log.sql"

        old.execute(script.read_text(encoding="utf-8").encode())

        rows = old.execute("SELECT * FROM log_entry ORDER BY sequence").fetchall()
        kinds = [str(row["record"]).partition('"kind":"')[2].partition('"')[0] for row in rows]
        assert kinds == ["sign_in_failed", *["user_created"] * 3, *["signed_in"] * 3]
        assert not [row for row in rows if "192.0.2" in str(row["record"])]
        assert '"at":"2026-11-01T10:00:00.500000Z"' in str(rows[1]["record"])
        found = [(r["sequence"], r["record"], r["previous_hash"], r["hash"]) for r in rows]
        assert chain.first_break(found) is None  # type: ignore[arg-type]
