"""Pages as their users meet them: Debian's chromium against the real stack."""
