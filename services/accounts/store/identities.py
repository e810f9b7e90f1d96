"""Flows that came back, and whom providers' subjects are here, as rows."""

from datetime import datetime
from uuid import UUID

from chassis.db import Transaction
from services.accounts.domain.identity import Identity
from services.accounts.store import SQL


def use_flow(tx: Transaction, *, digest: bytes, expires_at: datetime, now: datetime) -> bool:
    """Note that a flow came back; say False when it did before."""
    tx.execute(SQL["forget_flows"], {"now": now})
    values = {"flow_digest": digest, "expires_at": expires_at}
    return tx.execute(SQL["use_flow"], values).rowcount == 1


def find_user_id(tx: Transaction, identity: Identity) -> UUID | None:
    """Find whom an identity is linked to."""
    values = {"issuer": identity.issuer, "subject": identity.subject}
    row = tx.execute(SQL["find_identity"], values).fetchone()
    return None if row is None else row["user_id"]


def link(tx: Transaction, identity: Identity, *, user_id: UUID, now: datetime) -> bool:
    """Link an identity to a user; say False when the provider knows them as somebody else."""
    values = {
        "issuer": identity.issuer,
        "subject": identity.subject,
        "user_id": user_id,
        "now": now,
    }
    return tx.execute(SQL["add_identity"], values).rowcount == 1
