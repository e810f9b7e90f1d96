"""What a request says of itself, for the handlers and the log."""

from datetime import timedelta

from chassis.http import Call
from services.accounts.domain import origin
from services.accounts.handlers.deeds import Deed
from services.accounts.settings import current


def deed_of(call: Call) -> Deed:
    """Say who asks, when and from where."""
    signed_in = bool(call.caller.role)
    return Deed(
        now=call.now,
        new_id=call.new_id,
        caller=call.caller if signed_in else None,
        network=origin.network_of(call.address),
        device=origin.device_kind(call.headers.get("User-Agent", "")),
    )


def session_lifetime() -> timedelta:
    """Say how long a sign-in lasts."""
    return timedelta(hours=current().session_hours)
