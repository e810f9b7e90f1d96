"""Where each role's work is: the navigation that every page shows, and where a sign-in leads."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A part of the house, as the navigation shows it."""

    path: str
    #: An English msgid.
    label: str
    roles: frozenset[str]
    #: Its sign in `chassis/web/static/icons.svg`.
    icon: str


_MANAGERS = frozenset({"site_manager", "admin"})
_ADMIN = frozenset({"admin"})
_STAFF = frozenset({"till_operator", "mediator", "site_manager", "admin"})

#: In the order of the navigation; the first that a role may see is where its sign-in leads.
PLACES = (
    Place(
        path="/pilotage",
        label="Steering",
        roles=_MANAGERS,
        icon="gauge",
    ),
    Place(
        path="/caisse",
        label="Till",
        roles=frozenset({"till_operator", "site_manager"}),
        icon="till",
    ),
    Place(path="/accueil", label="Reception", roles=_STAFF, icon="door"),
    Place(path="/orienter", label="Refer someone", roles=frozenset({"referrer"}), icon="send"),
)
#: The second level of navigation, of the pages under `/pilotage`, whichever service serves them.
STEERING = (
    Place(path="/pilotage", label="Today", roles=_MANAGERS, icon="gauge"),
    Place(path="/pilotage/stock", label="Stock", roles=_MANAGERS, icon="stock"),
    Place(path="/pilotage/caisses", label="Drawers", roles=_MANAGERS, icon="till"),
    Place(path="/pilotage/clotures", label="Closings", roles=_MANAGERS, icon="closing"),
    Place(path="/pilotage/orientations", label="Referrals", roles=_MANAGERS, icon="send"),
    Place(path="/pilotage/personnes", label="Team", roles=_MANAGERS, icon="people"),
    Place(path="/pilotage/appareils", label="Devices", roles=_MANAGERS, icon="device"),
    Place(path="/pilotage/livraisons", label="State of services", roles=_ADMIN, icon="queue"),
    Place(path="/pilotage/journal", label="Log", roles=_ADMIN, icon="log"),
)
#: The services as people call them, by their names; English msgids.
SERVICES = {
    "accounts": "Accounts and devices",
    "donations": "Donations",
    "equipment": "Equipment",
    "mediation": "Mediation",
    "recharges": "Recharges and tills",
    "referrals": "Referrals",
    "settlement": "Settlement",
}
#: Where everybody finds their own sessions, password and second factor.
ACCOUNT = "/compte"


def places_of(role: str) -> tuple[Place, ...]:
    """List what a role sees in the navigation."""
    return tuple(place for place in PLACES if role in place.roles)


def steering_of(role: str) -> tuple[Place, ...]:
    """List what a role sees of the steering."""
    return tuple(place for place in STEERING if role in place.roles)


def home_of(role: str) -> str:
    """Say where a sign-in leads; a role whose pages are not built yet finds its own account."""
    return next((place.path for place in places_of(role)), ACCOUNT)
