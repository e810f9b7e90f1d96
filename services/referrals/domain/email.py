"""E-mail addresses as they are written to: those that mail servers take without further ado."""

import re

# A dot-atom of ASCII (RFC 5322) at a name of two labels or more; quoted local parts exist on paper.
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(
    rf"(?=.{{3,254}}\Z)(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*@({_LABEL}\.)+{_LABEL}"
)


def normalise(text: str) -> str:
    """Return the address in lower case; what cannot be one is a ValueError."""
    address = text.strip().lower()
    if not _ADDRESS.fullmatch(address):
        raise ValueError("This is not an e-mail address.")
    return address
