"""`relais accounts ...`: the first administrator, whom nobody with a token could make."""

import os
import sys
from typing import Annotated
from uuid import UUID

import typer

from chassis import clock, texts
from chassis.db import Database
from chassis.ids import new_id
from kernel.refusal import Refusal
from services.accounts import settings
from services.accounts.domain import password as passwords
from services.accounts.domain import user as users
from services.accounts.domain.user import Role, User
from services.accounts.handlers import users as handlers
from services.accounts.seal import Passwords

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
    database = Database(
        current.database_url.get_secret_value(), schema="accounts", settings=current
    )
    try:
        with database.transaction() as tx:
            handlers.add_user(
                tx,
                user,
                password_hash=hashed,
                by_user_id=None,
                now=clock.now(),
                event_id=new_id(),
            )
    finally:
        database.close()
    return user.user_id
