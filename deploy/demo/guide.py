"""Who may sign in to the demonstration and where their work is: the last thing a start prints."""

import json
from pathlib import Path

from rich.table import Table

from chassis import navigation, texts


def guide(demo_file: Path, *, web: str) -> Table:
    """List one person of each role, all of the same site where they have one."""
    shown: dict[str, dict[str, str]] = {}
    for each in json.loads(demo_file.read_text(encoding="utf-8")):
        shown.setdefault(each["role"], each)
    table = Table(
        title=f"Sign in at {web} (all of them are in {demo_file})",
        title_justify="left",
        expand=False,
    )
    for heading in ("who", "e-mail address", "password", "their work"):
        table.add_column(heading, overflow="fold")
    for role, who in shown.items():
        table.add_row(texts.ROLES[role], who["email"], who["password"], navigation.home_of(role))
    return table
