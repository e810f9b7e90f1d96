"""A person from the first mail to the last receipt, as referrer, desk, till and manager see it."""

from email import message_from_bytes
from email.policy import SMTP

import pytest

from tests.bodies import a_referral
from tests.fix_network import HEARD_WITHIN_S, UNHEARD, Network, eventually, refusal

pytestmark = pytest.mark.journey

SITE = "saint-denis"


def subjects(network: Network, code: str) -> list[str]:
    """The subjects of the mails about a referral that the stack's mailbox has taken."""
    files = sorted((network.stack.home.path / "mail").glob("*.eml"))
    mails = [message_from_bytes(file.read_bytes(), policy=SMTP) for file in files]
    return [str(mail["Subject"]) for mail in mails if code in str(mail["Subject"])]


class TestReferral:
    def test_is_followed_from_the_first_mail_to_the_last_receipt(self, network: Network) -> None:
        referrer = network.as_("referrer", site_code=SITE)
        desk = network.as_("till_operator", site_code=SITE)
        manager = network.as_("site_manager", site_code=SITE)

        # The referrer sends; each step comes back by mail and stands in the history.
        person = {
            "given_name": "Ombeline",
            "family_name": f"Fictif {network.name}",
            "birth_date": "1949-01-08",
            "phone": "06 39 98 71 70",
        }
        body = a_referral(site_code=SITE, person=person, needs=("recharge", "phone"))
        sent = referrer.post("referrals/v1/referrals", body, until_heard=UNHEARD)
        path = f"referrals/v1/referrals/{sent['referral_id']}"
        eventually(lambda: len(subjects(network, sent["code"])) == 1, within_s=HEARD_WITHIN_S)

        # The slip is scanned at the till, and taken at its word only when it is ours.
        scanned = desk.post("referrals/v1/slips", {"qr": sent["qr"]})
        assert scanned["referral_id"] == sent["referral_id"]
        forged = sent["qr"][:-6] + sent["qr"][-5:] + "A"
        assert refusal(desk.post, "referrals/v1/slips", {"qr": forged}) == "referrals.slip.forged"
        person_ref = desk.post(f"{path}/accept", {})["person_ref"]
        sale = network.sell(person_ref, site_code=SITE)
        assert sale["cap"]["left_cents"] == 2_750

        def steps() -> list[str]:
            return [each["step"] for each in referrer.get(path)["steps"]]

        eventually(lambda: steps() == ["submitted", "seen", "accepted", "first_visit"])
        eventually(lambda: len(subjects(network, sent["code"])) >= 3, within_s=HEARD_WITHIN_S)
        assert any("première visite" in each for each in subjects(network, sent["code"]))

        # Merged, two references share one cap; undone, each has what they bought themselves.
        other = network.entitle(site_code=SITE)
        manager.post(f"referrals/v1/people/{other}/merge", {"into": person_ref})
        network.settled()
        assert network.sell(other, site_code=SITE)["cap"]["left_cents"] == 2_500
        manager.post(f"referrals/v1/people/{other}/unmerge", {})
        network.settled()
        assert network.sell(person_ref, site_code=SITE)["cap"]["left_cents"] == 2_500
        assert network.sell(other, site_code=SITE)["cap"]["left_cents"] == 2_500

        # What all services hold on them, and on nobody else; then nothing.
        about = f"referrals/v1/people/{person_ref}"
        eventually(lambda: manager.get(f"{about}/export")["state"] == "ready")
        held = manager.get(f"{about}/export")["services"]
        assert {each["person_ref"] for each in held["recharges"]["sales"]} == {person_ref}
        assert len(held["recharges"]["sales"]) == 2
        manager.post(f"{about}/erasure", {"reason": "asked_by_person"})
        network.settled()
        [erasure] = manager.get(f"referrals/v1/erasures?person_ref={person_ref}")
        assert (erasure["missing"], len(erasure["receipts"])) == ([], 7)
        assert refusal(manager.get, about) == "referrals.person.unknown"
        assert manager.get(f"referrals/v1/people/{other}")["person_ref"] == other
        network.audit()
