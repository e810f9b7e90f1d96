"""`relais accounts ...`: the first administrator, the log, and who needs a second factor."""

import os
import sys
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from chassis import clock, texts
from chassis.db import opened
from chassis.ids import new_id
from kernel.period import business_date
from kernel.refusal import Refusal
from services.accounts import settings
from services.accounts.domain import password as passwords
from services.accounts.domain import user as users
from services.accounts.domain.user import Role, User
from services.accounts.handlers import logs
from services.accounts.handlers import users as users_at_work
from services.accounts.handlers.deeds import Deed
from services.accounts.seal import Passwords
from services.accounts.store import second_factors

app = typer.Typer(help="Accounts: who may sign in.")


@app.callback()
def _group() -> None:
    """Accounts: who may sign in."""


@app.command("create-admin")
def create_admin_command(
    email: Annotated[str, typer.Option(help="The e-mail address to sign in with.")],
    display_name: Annotated[str, typer.Option(help="The name shown to others.")] = "Administration",
) -> None:
    """Make an administrator; the password comes from RELAIS_ADMIN_PASSWORD, or is asked for."""
    # Never an option: the list of processes would show it to everybody on the machine.
    password = os.environ.get("RELAIS_ADMIN_PASSWORD") or typer.prompt(
        "Password", hide_input=True, confirmation_prompt=True
    )
    try:
        user_id = create_admin(email, display_name=display_name, password=password)
    except Refusal as refusal:
        reason = texts.explain(refusal, language=texts.language_of(None))
        sys.stderr.write(f"relais: {reason}\n")
        raise typer.Exit(1) from refusal
    typer.echo(str(user_id))


@app.command("verify-log")
def verify_log_command() -> None:
    """Compute the chain of the log anew; exit 1 where an entry was changed, removed or added."""
    with opened("accounts", settings=settings.current()) as database, database.transaction() as tx:
        count, broken_at = logs.verify(tx)
    if broken_at is not None:
        sys.stderr.write(f"relais: the log is broken at entry {broken_at}\n")
        raise typer.Exit(1)
    typer.echo(f"{count} entries, none changed, removed or added between them")


@app.command("require-second-factor")
def require_second_factor_command(
    roles: Annotated[list[Role], typer.Argument(help="The roles; name none to ask nobody.")] = [],  # noqa: B006
    from_on: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Today if left out.")
    ] = None,
) -> None:
    """Let these roles, and no others, do nothing without a second factor from a day on."""
    day = business_date(clock.now()) if from_on is None else from_on.date()
    with opened("accounts", settings=settings.current()) as database, database.transaction() as tx:
        second_factors.need_one(tx, frozenset(roles), from_on=day)
    typer.echo(f"from {day}: {', '.join(sorted(roles)) or 'nobody'}")


def create_admin(email: str, *, display_name: str, password: str) -> UUID:
    """Make an administrator in the database of the environment; return the user's id."""
    current = settings.current()
    user = User(
        user_id=new_id(),
        email=users.normalise_email(email),
        display_name=display_name,
        role=Role.ADMIN,
        site_codes=frozenset(),
    )
    passwords.check(passwords.normalise(password), email=user.email)
    hashed = Passwords(
        memory_kib=current.argon2_memory_kib,
        rounds=current.argon2_rounds,
        lanes=current.argon2_lanes,
    ).hash(password)
    deed = Deed(now=clock.now(), new_id=new_id)
    with opened("accounts", settings=settings.current()) as database, database.transaction() as tx:
        users_at_work.add_user(tx, user, password_hash=hashed, deed=deed)
    return user.user_id
