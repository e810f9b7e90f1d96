"""The app on somebody's telephone, written from RFC 6238 and from nothing of ours."""

import base64
import hashlib
import hmac
import struct
import time


def code_of(secret: str, *, at: float | None = None, ahead: int = 0) -> str:
    """The six digits that the app shows, now or some half minutes ahead."""
    step = int(time.time() if at is None else at) // 30 + ahead
    mac = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1)
    start = mac[-1] & 0x0F
    number = struct.unpack(">I", mac[start : start + 4])[0] & 0x7FFF_FFFF
    return f"{number % 1_000_000:06d}"
