"""What the demonstration remembers between runs, in `demo-book.json` of the stack's home.

The passwords it made up, the day it was loaded on and how many days it has played.  With these
kept, a load that was interrupted goes on where it stopped, under the same keys.
"""

import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from deploy.local.home import write_private

_FILE = "demo-book.json"


@dataclass(kw_only=True)
class Book:
    """The demonstration's memory; save it after each change."""

    path: Path
    loaded_on: str
    days_played: int = 0
    passwords: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, home: Path, *, today: date) -> "Book":
        """Read the book of a stack, or begin one."""
        path = home / _FILE
        if path.exists():
            return cls(path=path, **json.loads(path.read_text(encoding="utf-8")))
        return cls(path=path, loaded_on=today.isoformat())

    @property
    def today(self) -> date:
        """The day the demonstration's data was made for."""
        return date.fromisoformat(self.loaded_on)

    def password(self, email: str) -> str:
        """Return a user's password, made up on first use."""
        if email not in self.passwords:
            self.passwords[email] = secrets.token_urlsafe(12)
            self.save()
        return self.passwords[email]

    def save(self) -> None:
        """Write the book whole; it holds passwords, so only its owner may read it."""
        kept = asdict(self)
        del kept["path"]
        write_private(self.path, content=json.dumps(kept, indent=2) + "\n")
