"""The entry points of accounts, put together."""

from chassis.service import Base
from services.accounts.doors.devices import DeviceDoors
from services.accounts.doors.sessions import SessionDoors
from services.accounts.doors.sites import SiteDoors
from services.accounts.doors.users import UserDoors


class Accounts(DeviceDoors, SessionDoors, SiteDoors, UserDoors, Base):
    """Who works where, who may do what, and which devices are tills."""

    name = "accounts"


SERVICE = Accounts
