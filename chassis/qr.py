"""QR codes as pictures of lines: sharp at any size, read from paper and screens."""

from base64 import b64encode

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

#: Light modules around the code, without which readers do not find it.
QUIET = 4


def as_picture(text: str) -> str:
    """Return a QR code as the address of an SVG picture that is in the address itself."""
    code: QRCode[object] = QRCode(border=QUIET, error_correction=ERROR_CORRECT_M)
    code.add_data(text)
    modules: list[list[bool]] = code.get_matrix()
    dark = "".join(
        f"M{x},{y}h1v1h-1z"
        for y, row in enumerate(modules)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    size = len(modules)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"'
        f' shape-rendering="crispEdges"><rect width="{size}" height="{size}" fill="#fff"/>'
        f'<path d="{dark}"/></svg>'
    )
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()
