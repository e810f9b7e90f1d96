"""Where a sign-in comes from, told coarsely: enough to know one's own, too little to follow one."""

from ipaddress import IPv4Address, ip_address, ip_network

#: What a browser calls itself, the particular before the general: each claims to be the next.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
UNKNOWN = "?"


def device_kind(user_agent: str) -> str:
    """Return `Firefox, Windows` of what a browser says of itself; `?` for what is not known."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), UNKNOWN)
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), UNKNOWN)
    return UNKNOWN if browser == system == UNKNOWN else f"{browser}, {system}"


def network_of(address: str) -> str:
    """Return the network of an address (/24, or /48 of IPv6), which is nobody's alone."""
    try:
        known = ip_address(address)
    except ValueError:
        return UNKNOWN
    prefix = 24 if isinstance(known, IPv4Address) else 48
    return str(ip_network((known, prefix), strict=False))
