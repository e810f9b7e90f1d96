"""Till devices at the HTTP door of accounts: a code, a token, once; and their end."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from tests.accounts.door import Door


class TestDevices:
    def enrolment(self, door: Door, site: str, *, till: str = "Caisse 1") -> str:
        awaited = door.post("/v1/devices/enrolments", {"site_code": site, "till_name": till})
        assert awaited.status_code == 201, awaited.text
        code: str = awaited.json()["enrolment_code"]
        return code

    def test_enrols_with_a_code_once_and_tells_everybody(self, door: Door) -> None:
        site = door.make_site()
        code = self.enrolment(door, site)

        made = door.post("/v1/devices", {"enrolment_code": code.lower()}, as_={}, key=f"k{code}")
        again = door.post("/v1/devices", {"enrolment_code": code.lower()}, as_={}, key=f"k{code}")
        other = door.post("/v1/devices", {"enrolment_code": code}, as_={})

        assert made.status_code == again.status_code == 201
        assert made.json() == again.json(), "an answer that got lost is given again"
        assert (other.status_code, other.json()["code"]) == (409, "accounts.device.code_used")
        device = made.json()
        assert device.pop("device_token")
        [told] = door.rows("SELECT type, data FROM outbox WHERE subject = %s", device["till_id"])
        assert told["type"] == "accounts.device.enrolled.v1"
        assert told["data"] == device | {"site_code": site, "till_name": "Caisse 1"}

    def test_same_key_gives_the_same_code_again(self, door: Door) -> None:
        body = {"site_code": door.make_site(), "till_name": "Caisse 1"}
        key = uuid4().hex

        answers = [door.post("/v1/devices/enrolments", body, key=key).json() for _ in range(2)]

        assert answers[0] == answers[1]

    def test_neither_code_nor_token_is_kept(self, door: Door) -> None:
        code = self.enrolment(door, door.make_site())
        made = door.post("/v1/devices", {"enrolment_code": code}, as_={}).json()

        kept = door.rows(
            "SELECT command_answer::text AS kept FROM command_answer"
            " UNION ALL SELECT enrolment::text FROM enrolment"
            " UNION ALL SELECT device::text FROM device UNION ALL SELECT outbox::text FROM outbox"
        )

        assert kept
        assert not [row for row in kept if made["device_token"] in row["kept"]]
        assert not [row for row in kept if code in row["kept"]]

    def test_two_devices_with_one_code_are_one_device(self, door: Door) -> None:
        code = self.enrolment(door, door.make_site())

        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(
                    lambda _: door.post("/v1/devices", {"enrolment_code": code}, as_={}), range(8)
                )
            )

        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7

    def test_unknown_code_is_refused_and_counted(self, door: Door) -> None:
        address = {"X-Real-IP": "203.0.113.9"}
        body = {"enrolment_code": "22222-22222"}

        statuses = [door.post("/v1/devices", body, as_=address).status_code for _ in range(51)]

        assert statuses == [404] * 50 + [429]

    def test_token_of_a_device_opens_no_persons_door(self, door: Door) -> None:
        code = self.enrolment(door, door.make_site())
        token = door.post("/v1/devices", {"enrolment_code": code}, as_={}).json()["device_token"]

        refused = door.get("/v1/sites", as_={"Authorization": f"Bearer {token}"})

        assert refused.status_code == 403

    def test_till_keeps_its_id_when_its_device_is_replaced(self, door: Door) -> None:
        site = door.make_site()
        code = self.enrolment(door, site)
        old = door.post("/v1/devices", {"enrolment_code": code}, as_={}).json()
        body = {"site_code": site, "till_name": "Caisse 1"}
        taken = door.post("/v1/devices/enrolments", body)
        manager = door.as_user("site_manager", site)

        revoked = door.post(f"/v1/devices/{old['device_id']}/revoke", {}, as_=manager)
        twice = door.post(f"/v1/devices/{old['device_id']}/revoke", {}, as_=manager)
        new = door.post(
            "/v1/devices", {"enrolment_code": self.enrolment(door, site)}, as_={}
        ).json()

        assert (taken.status_code, taken.json()["code"]) == (409, "accounts.device.till_taken")
        assert revoked.status_code == 200
        assert revoked.json()["revoked_at"]
        assert (twice.status_code, twice.json()["code"]) == (409, "accounts.device.revoked")
        assert new["till_id"] == old["till_id"]
        assert new["device_id"] != old["device_id"]
        told = door.rows(
            "SELECT type, sequence FROM outbox WHERE subject = %s ORDER BY position",
            old["till_id"],
        )
        assert [(row["type"].split(".")[2], row["sequence"]) for row in told] == [
            ("enrolled", 1),
            ("revoked", 2),
            ("enrolled", 3),
        ]
        newest = door.get(f"/v1/devices?site_code={site}&limit=1", as_=manager)
        following = newest.links["next"]["url"].removeprefix("/api/accounts")
        listed = newest.json() + door.get(following, as_=manager).json()
        assert [device["device_id"] for device in listed] == [new["device_id"], old["device_id"]]

    def test_other_sites_manager_is_refused(self, door: Door) -> None:
        own, other = door.make_site(), door.make_site()
        manager = door.as_user("site_manager", own)
        code = self.enrolment(door, other)
        device = door.post("/v1/devices", {"enrolment_code": code}, as_={}).json()
        body = {"site_code": other, "till_name": "Caisse 2"}

        refusals = [
            door.post("/v1/devices/enrolments", body, as_=manager),
            door.post(f"/v1/devices/{device['device_id']}/revoke", {}, as_=manager),
            door.get(f"/v1/devices?site_code={other}", as_=manager),
        ]

        assert {answer.status_code for answer in refusals} == {403}
        assert {answer.json()["code"] for answer in refusals} == {"accounts.site.not_yours"}


class TestRoll:
    def enrolled(self, door: Door, site: str, *, key: str | None = None) -> tuple[str, Any]:
        """A device, and the code that it was enrolled with."""
        awaited = door.post("/v1/devices/enrolments", {"site_code": site, "till_name": "Caisse 1"})
        code = str(awaited.json()["enrolment_code"])
        assert awaited.json()["qr"] == f"RELAIS:ENROL:{code}"
        return code, door.post("/v1/devices", {"enrolment_code": code}, as_={}, key=key).json()

    def test_gives_the_same_device_another_token_once(self, door: Door) -> None:
        site = door.make_site()
        _, device = self.enrolled(door, site)
        manager = door.as_user("site_manager", site)

        roll = door.post(f"/v1/devices/{device['device_id']}/roll", {}, as_=manager)
        body = {"enrolment_code": roll.json()["enrolment_code"]}
        rolled = door.post("/v1/devices", body, as_={}, key=f"roll-{device['device_id']}")
        again = door.post("/v1/devices", body, as_={}, key=f"roll-{device['device_id']}")
        other = door.post("/v1/devices", body, as_={})

        assert (roll.status_code, rolled.status_code) == (201, 201)
        assert rolled.json() == again.json(), "an answer that got lost is given again"
        assert rolled.json()["device_id"] == device["device_id"]
        assert rolled.json()["device_token"] != device["device_token"]
        assert other.json()["code"] == "accounts.device.code_used"
        [told] = door.rows("SELECT type, data FROM outbox WHERE subject = %s", device["device_id"])
        assert (told["type"], told["data"]["kind"]) == ("accounts.access.ended.v1", "device")

    def test_shuts_out_whoever_kept_the_first_code_and_its_key(self, door: Door) -> None:
        site, key = door.make_site(), uuid4().hex
        code, device = self.enrolled(door, site, key=key)
        roll = door.post(f"/v1/devices/{device['device_id']}/roll", {}).json()
        door.post("/v1/devices", {"enrolment_code": roll["enrolment_code"]}, as_={})

        replayed = door.post("/v1/devices", {"enrolment_code": code}, as_={}, key=key)

        assert (replayed.status_code, replayed.json()["code"]) == (
            409,
            "accounts.device.code_used",
        )

    def test_is_for_the_manager_of_a_device_that_still_is_one(self, door: Door) -> None:
        own, other = door.make_site(), door.make_site()
        _, device = self.enrolled(door, own)
        path = f"/v1/devices/{device['device_id']}"
        roll = door.post(f"{path}/roll", {}).json()
        stranger = door.post(f"{path}/roll", {}, as_=door.as_user("site_manager", other))
        door.post(f"{path}/revoke", {})

        late = door.post("/v1/devices", {"enrolment_code": roll["enrolment_code"]}, as_={})
        revoked = door.post(f"{path}/roll", {})

        assert (stranger.status_code, stranger.json()["code"]) == (403, "accounts.site.not_yours")
        assert late.json()["code"] == revoked.json()["code"] == "accounts.device.revoked"
        assert door.post(f"/v1/devices/{uuid4()}/roll", {}).status_code == 404

    def test_is_in_the_log_with_what_was_tried_in_vain(self, door: Door) -> None:
        _, device = self.enrolled(door, door.make_site())
        door.post("/v1/devices", {"enrolment_code": "22222-33333"}, as_={})
        roll = door.post(f"/v1/devices/{device['device_id']}/roll", {}).json()
        door.post("/v1/devices", {"enrolment_code": roll["enrolment_code"]}, as_={})

        kinds = [entry["kind"] for entry in door.log()][-5:]

        assert kinds == [
            "device_awaited",
            "device_enrolled",
            "enrolment_failed",
            "device_awaited",
            "device_rolled",
        ]
