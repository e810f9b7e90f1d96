"""What every service's nameko class derives from."""

from typing import ClassVar

from chassis.relay import RelayProvider
from chassis.resources import DatabaseProvider


class Service:
    """A service publishes its outbox and knows its database; the rest are its entry points."""

    name: ClassVar[str]

    database = DatabaseProvider()
    relay = RelayProvider()
