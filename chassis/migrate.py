"""Brings a service's schema up to date: roles, the chassis's own tables, then the service's.

Migrations only go forward.  `NNNN_pre_words.sql` runs before the new code starts and beside the
old code, `NNNN_post_words.sql` once no old code runs.  Each file is applied once, in one
transaction with its row in `migration`, under a lock time-out, and never edited afterwards: its
checksum is kept and compared.
"""

import hashlib
from dataclasses import dataclass
from importlib import resources

import psycopg
from psycopg import sql

_LOCK_KEY = 0x72656C616973  # "relais": one migration at a time in a database


class Changed(Exception):
    """A migration that was applied has been edited since."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of SQL and what identifies it for ever."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file's text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations_of(service: str) -> list[Migration]:
    """List the chassis's migrations, then the service's, in the order in which they apply."""
    return [
        Migration(name=f"{label}/{entry.name}", text=entry.read_text(encoding="utf-8"))
        for label, package in (("chassis", "chassis"), (service, f"services.{service}"))
        for entry in sorted(
            (resources.files(package) / "migrations").iterdir(), key=lambda entry: entry.name
        )
        if entry.name.endswith(".sql")
    ]


def provision(admin_url: str, *, service: str, password: str) -> None:
    """Create the service's roles and schema, or set its password anew; safe to repeat.

    `<service>_owner` owns the tables and cannot sign in; `<service>` signs in and may only read
    and write rows of its own schema, so no other service can read them and no service can change
    its own tables.
    """
    role, owner = sql.Identifier(service), sql.Identifier(f"{service}_owner")
    with psycopg.connect(admin_url, autocommit=True) as admin, admin.transaction():
        admin.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK_KEY,))
        for name, attributes in ((f"{service}_owner", "NOLOGIN"), (service, "LOGIN")):
            known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone()
            if known is None:
                admin.execute(sql.SQL("CREATE ROLE {} " + attributes).format(sql.Identifier(name)))
        admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(password)))
        for statement in (
            "CREATE SCHEMA IF NOT EXISTS {role} AUTHORIZATION {owner}",
            "REVOKE ALL ON SCHEMA {role} FROM PUBLIC",
            "GRANT USAGE ON SCHEMA {role} TO {role}",
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {role}"
            " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {role}"
            " GRANT USAGE ON SEQUENCES TO {role}",
        ):
            admin.execute(sql.SQL(statement).format(role=role, owner=owner))
        # Both are PostgreSQL's own, in every package of it.
        for extension in ("btree_gist", "pg_trgm"):
            admin.execute(
                sql.SQL("CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA public").format(
                    sql.Identifier(extension)
                )
            )


def migrate(admin_url: str, *, service: str) -> list[str]:
    """Apply the migrations the schema does not have yet; return their names."""
    applied: list[str] = []
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", (_LOCK_KEY,))
        admin.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(service)))
        admin.execute("SET lock_timeout = '4s'")
        admin.execute("SET statement_timeout = '60s'")
        admin.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(f"{service}_owner")))
        admin.execute(
            """
            CREATE TABLE IF NOT EXISTS migration (
                name       text        PRIMARY KEY,
                checksum   text        NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            )
            """
        )
        known: dict[str, str] = dict(
            admin.execute("SELECT name, checksum FROM migration").fetchall()
        )
        for migration in migrations_of(service):
            if migration.name in known:
                if known[migration.name] != migration.checksum:
                    raise Changed(f"{migration.name} was applied and has been edited since")
                continue
            _apply(admin, migration)
            applied.append(migration.name)
    return applied


def _apply(admin: psycopg.Connection, migration: Migration) -> None:
    with admin.transaction():
        admin.execute(migration.text)
        admin.execute(
            "INSERT INTO migration (name, checksum) VALUES (%s, %s)",
            (migration.name, migration.checksum),
        )
