"""The rules of users, passwords, devices and their secrets, with no database in sight."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.auth import Verifier, public_key_of
from services.accounts.domain import device, origin, password, session, user
from services.accounts.domain.user import Role
from services.accounts.seal import DEVICE_ROLE, Passwords, Seal
from tests.fix_service import OTHER_KEY, SIGNING_KEY

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HERE = frozenset({"saint-denis"})


def somebody(
    role: Role, site_codes: frozenset[str], *, operator: str | None = None, volunteer: bool = False
) -> user.User:
    return user.User(
        user_id=UUID(int=1),
        email="anais@relais.example",
        display_name="Anaïs Montclar",
        role=role,
        site_codes=site_codes,
        operator=operator,
        volunteer=volunteer,
    )


class TestScope:
    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("site_codes", [frozenset(), HERE])
    @pytest.mark.parametrize("operator", [None, "sfr"])
    def test_every_role_with_and_without_sites_and_operator(
        self, role: Role, site_codes: frozenset[str], operator: str | None
    ) -> None:
        fits = {
            Role.TILL_OPERATOR: site_codes == HERE and operator is None,
            Role.MEDIATOR: site_codes == HERE and operator is None,
            Role.SITE_MANAGER: site_codes == HERE and operator is None,
            Role.OPERATOR_PARTNER: not site_codes and operator == "sfr",
            Role.REFERRER: not site_codes and operator is None,
            Role.ADMIN: operator is None,
        }[role]

        try:
            user.check_scope(somebody(role, site_codes, operator=operator))
        except user.ScopeNotValid:
            assert not fits
        else:
            assert fits

    @pytest.mark.parametrize("by", Role)
    @pytest.mark.parametrize("role", Role)
    def test_who_manages_whom(self, by: Role, role: Role) -> None:
        manages = by is Role.ADMIN or (
            by is Role.SITE_MANAGER and role in {Role.TILL_OPERATOR, Role.MEDIATOR}
        )

        try:
            user.check_manages(by, HERE, user=somebody(role, HERE))
        except user.NotYourUser:
            assert not manages
        else:
            assert manages

    def test_manager_needs_every_site_of_the_user(self) -> None:
        with pytest.raises(user.NotYourUser):
            user.check_manages(
                Role.SITE_MANAGER, HERE, user=somebody(Role.MEDIATOR, HERE | {"lyon"})
            )

    @pytest.mark.parametrize("role", Role)
    def test_volunteers_work_at_sites(self, role: Role) -> None:
        sites = HERE if role in user.AT_SITES else frozenset()
        operator = "sfr" if role is Role.OPERATOR_PARTNER else None
        helper = somebody(role, sites, operator=operator, volunteer=True)

        if role in user.AT_SITES:
            user.check_scope(helper)
        else:
            with pytest.raises(user.ScopeNotValid):
                user.check_scope(helper)


class TestEmail:
    @pytest.mark.parametrize(
        "text", ["", "a", "a@b", "@b.fr", "a@.fr", "a b@c.fr", "a@b..fr", "a@b.fr\n@", "é" * 300]
    )
    def test_refuses_what_is_none(self, text: str) -> None:
        with pytest.raises(user.EmailNotValid):
            user.normalise_email(text)

    def test_is_compared_without_capitals_and_spaces(self) -> None:
        assert user.normalise_email(" Caisse1@Relais.Example ") == "caisse1@relais.example"


class TestPassword:
    @pytest.mark.parametrize(
        "text",
        [
            "correct horse battery staple",
            "tournevis-parapluie",
            "ćeślą-vœu-ñandú",
            "Xk4!pQ92_vLm",
            "motdepasse du voisin de palier",
        ],
    )
    def test_long_ones_pass_whatever_they_are_made_of(self, text: str) -> None:
        password.check(text, email="anais@relais.example")

    @pytest.mark.parametrize(
        "text",
        [
            "abababababababab",
            "AZERTYuiopqsdfgh",
            "210987654321098",
            "Mot de Passe 12",
            "anais.montclar1",
            "anais.montclar@relais.example",
            "Émmaüs-Relais1",
        ],
    )
    def test_obvious_ones_do_not(self, text: str) -> None:
        with pytest.raises(password.PasswordObvious):
            password.check(text, email="anais.montclar@relais.example")

    @given(st.text(max_size=11))
    def test_eleven_signs_are_too_few(self, text: str) -> None:
        with pytest.raises(password.PasswordTooShort):
            password.check(text, email="anais@relais.example")


class TestPasswordsAtRest:
    PASSWORDS = Passwords(memory_kib=19 * 1024, rounds=2, lanes=1)

    def test_are_argon2id_with_the_parameters_of_the_settings(self) -> None:
        stored = self.PASSWORDS.hash("cheval-pile-agrafe")

        assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert not self.PASSWORDS.is_dated(stored)
        assert Passwords(memory_kib=19 * 1024, rounds=3, lanes=1).is_dated(stored)

    def test_same_keys_on_another_keyboard_are_the_same_password(self) -> None:
        stored = self.PASSWORDS.hash("cr\u00e8me br\u00fbl\u00e9e")

        assert self.PASSWORDS.is_right(stored, "cre\u0300me bru\u0302le\u0301e")
        assert not self.PASSWORDS.is_right(stored, "creme brulee")

    def test_nobodys_password_costs_the_same_and_is_never_right(self) -> None:
        assert self.PASSWORDS.nobody.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert not self.PASSWORDS.is_right(self.PASSWORDS.nobody, "")


def an_enrolment(*, device_id: UUID | None = None) -> device.Enrolment:
    return device.Enrolment(
        enrolment_id=UUID(int=1),
        site_code="saint-denis",
        till_name="Caisse 1",
        expires_at=NOON,
        device_id=device_id,
    )


class TestEnrolment:
    def test_makes_a_device_in_time(self) -> None:
        just_in_time = NOON - timedelta(microseconds=1)

        made = device.enrol(an_enrolment(), device_id=uuid4(), till_id=uuid4(), now=just_in_time)

        assert (made.site_code, made.till_name, made.revoked_at) == (
            "saint-denis",
            "Caisse 1",
            None,
        )

    def test_refuses_when_expired_or_used(self) -> None:
        with pytest.raises(device.CodeExpired):
            device.enrol(an_enrolment(), device_id=uuid4(), till_id=uuid4(), now=NOON)
        used, in_time = an_enrolment(device_id=uuid4()), NOON - timedelta(minutes=1)
        with pytest.raises(device.CodeUsed):
            device.enrol(used, device_id=uuid4(), till_id=uuid4(), now=in_time)

    @given(st.integers(0, 31**10 - 1))
    def test_code_is_found_however_it_is_typed(self, number: int) -> None:
        code = device.code_of(number)

        assert device.normalise_code(f" {code.lower().replace('-', ' ')} ") == code.replace("-", "")


class TestSeal:
    def test_code_and_token_follow_from_the_id_and_the_key(self) -> None:
        enrolled = device.enrol(
            an_enrolment(), device_id=uuid4(), till_id=uuid4(), now=NOON - timedelta(minutes=1)
        )
        ours, theirs = Seal(SIGNING_KEY), Seal(OTHER_KEY)
        lifetime = timedelta(days=400)

        assert ours.enrolment_code(UUID(int=1)) == Seal(SIGNING_KEY).enrolment_code(UUID(int=1))
        assert ours.enrolment_code(UUID(int=1)) != ours.enrolment_code(UUID(int=2))
        assert ours.enrolment_code(UUID(int=1)) != theirs.enrolment_code(UUID(int=1))
        token = ours.device_token(enrolled, lifetime=lifetime)
        assert token == Seal(SIGNING_KEY).device_token(enrolled, lifetime=lifetime)
        caller = Verifier(public_key_of(SIGNING_KEY)).verify(f"Bearer {token}", now=NOON)
        assert (caller.user_id, caller.role) == (enrolled.device_id, DEVICE_ROLE)


class TestOrigin:
    @pytest.mark.parametrize(
        ("user_agent", "kind"),
        [
            ("", "?"),
            ("curl/8.5.0", "?"),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "Firefox, Linux",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko)"
                " Chrome/142.0.0.0 Mobile Safari/537.36",
                "Chrome, Android",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
                " Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "Edge, Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
                " (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                "Safari, iPhone",
            ),
        ],
        ids=["none", "tool", "linux", "android", "edge", "iphone"],
    )
    def test_is_told_by_kind(self, user_agent: str, kind: str) -> None:
        assert origin.device_kind(user_agent) == kind

    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("198.51.100.23", "198.51.100.0/24"),
            ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
            ("", "?"),
            ("nowhere", "?"),
        ],
    )
    def test_is_told_by_network(self, address: str, network: str) -> None:
        assert origin.network_of(address) == network


instants = st.integers(0, 10**12).map(lambda number: NOON + timedelta(microseconds=number))


class TestAccess:
    @given(now=instants, clock=instants, ended=st.booleans())
    def test_ends_after_every_session_there_was_and_before_every_one_to_come(
        self, now: datetime, clock: datetime, ended: bool
    ) -> None:
        """Two processes whose clocks differ by anything."""
        access_from = now if ended else None
        began_at = session.begin_at(clock, access_from=access_from)

        ending = session.end_all(
            UUID(int=1), last_began_at=began_at, now=now, lifetime=timedelta(hours=12)
        )
        next_began_at = session.begin_at(clock, access_from=ending.issued_before)

        assert began_at < ending.issued_before <= next_began_at
        assert began_at.timestamp() < ending.issued_before.timestamp() <= next_began_at.timestamp()


class TestShortName:
    @pytest.mark.parametrize(
        ("name", "short"),
        [
            ("Anaïs Montclar", "Anaïs M."),
            ("Anaïs de la Tour", "Anaïs T."),
            ("Anaïs", "Anaïs"),
            ("x" * 120, "x" * 40),
        ],
    )
    def test_is_what_colleagues_call_somebody(self, name: str, short: str) -> None:
        assert user.short_name(name) == short
