"""Papers are printed once: what is printed again is a duplicate, with a number and a reason."""

from kernel.refusal import Forbidden, Refusal


class PrintedAlready(Forbidden):
    """This was printed already. Only a supervisor can print it again."""

    code = "recharges.print.printed_already"


class ReasonMissing(Refusal):
    """This was printed already. Please say why it is printed again."""

    code = "recharges.print.reason_missing"


def next_copy(last: int | None, *, reason: str | None, is_supervisor: bool) -> int:
    """Return which copy is printed now, 0 being the original, or refuse."""
    if last is None:
        return 0
    if not is_supervisor:
        raise PrintedAlready()
    if not reason:
        raise ReasonMissing()
    return last + 1
