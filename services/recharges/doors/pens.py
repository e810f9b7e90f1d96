"""What a request, or the clock, writes in a till's journal with."""

from datetime import datetime

from chassis.http import Call
from chassis.ids import new_id
from services.recharges.doors import secrets
from services.recharges.handlers.journalling import Pen


def pen_of(call: Call) -> Pen:
    """What the caller writes in a journal with."""
    return Pen(
        keys=secrets.journal_keys(),
        new_id=call.new_id,
        now=call.now,
        by=call.caller.user_id,
        name=call.caller.name,
    )


def pen_of_the_clock(now: datetime) -> Pen:
    """What nobody in person writes in a journal with."""
    return Pen(keys=secrets.journal_keys(), new_id=new_id, now=now, by=None)
