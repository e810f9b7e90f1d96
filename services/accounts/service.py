"""The entry points of accounts, put together."""

from chassis.mail import Postman
from chassis.personal import PersonalData
from chassis.service import Base
from services.accounts.doors.devices import DeviceDoors
from services.accounts.doors.identities import IdentityDoors
from services.accounts.doors.log import LogDoors
from services.accounts.doors.passwords import PasswordDoors
from services.accounts.doors.second_factors import SecondFactorDoors
from services.accounts.doors.sessions import SessionDoors
from services.accounts.doors.sites import SiteDoors
from services.accounts.doors.users import UserDoors
from services.accounts.web.account import AccountPages
from services.accounts.web.devices import DevicePages
from services.accounts.web.entry import EntryPages
from services.accounts.web.steering import SteeringPages
from services.accounts.web.team import TeamPages


class Accounts(
    AccountPages,
    DeviceDoors,
    DevicePages,
    EntryPages,
    IdentityDoors,
    LogDoors,
    PasswordDoors,
    SecondFactorDoors,
    SessionDoors,
    SiteDoors,
    SteeringPages,
    TeamPages,
    UserDoors,
    Postman,
    PersonalData,
    Base,
):
    """Who works where, who may do what, and which devices are tills."""

    name = "accounts"


SERVICE = Accounts
