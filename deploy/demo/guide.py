"""Who may sign in to the demonstration and where their work is: the last thing a start prints."""

import json
from pathlib import Path

from chassis import navigation, texts

_HEADINGS = ("who", "e-mail address", "password", "their work")


def guide(demo_file: Path, *, web: str) -> str:
    """List one person of each role, all of the same site where they have one, and its two cashiers.

    Each is one line, however narrow the terminal: an address is copied from it.
    """
    everybody = json.loads(demo_file.read_text(encoding="utf-8"))
    roles: dict[str, list[dict[str, str]]] = {}
    for each in everybody:
        of_role = roles.setdefault(each["role"], [])
        # One cashier takes the drawer over from another.
        beside = each["role"] == "till_operator" and each["site_code"] == everybody[0]["site_code"]
        if not of_role or beside:
            of_role.append(each)
    rows = [
        (texts.ROLES[role], who["email"], who["password"], navigation.home_of(role))
        for role, of_role in roles.items()
        for who in of_role
    ]
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (_HEADINGS, *rows)
    )
    return "\n".join((f"Sign in at {web} (all of them are in {demo_file})", "", *lines))
