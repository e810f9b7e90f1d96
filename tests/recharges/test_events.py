"""Technical events: what a till's journal tells of itself, beside its tickets."""

import base64
import hashlib
import json
from dataclasses import replace

from kernel.version import VERSION
from services.recharges.domain.journal import Event
from services.recharges.handlers.journalling import note
from services.recharges.signing import JournalKeys
from tests.recharges.desk import a_desk
from tests.recharges.shop import JOURNAL_KEYS, Shop

_NEWER = base64.urlsafe_b64encode(hashlib.sha256(b"a newer key").digest()).decode()


class TestEvents:
    def test_tell_first_of_the_key_and_the_release_that_write_from_now_on(self, shop: Shop) -> None:
        desk = a_desk(shop)
        desk.open()
        keys = JournalKeys(f"newer:{_NEWER},{JOURNAL_KEYS}")
        pen = replace(desk.pen(), keys=keys, software_version="0.2.0")

        for _ in range(2):
            note(shop.tx, desk.till(), Event.DRAWER_MOVED, {"amount_cents": 1}, pen=pen)

        rows = shop.all(
            "SELECT record, key_id FROM journal WHERE kind = 'event' AND till_id = %s"
            " ORDER BY sequence",
            desk.till_id,
        )
        told = [(json.loads(row["record"]), row["key_id"]) for row in rows]
        assert [(said["name"], said["software_version"], key) for said, key in told] == [
            ("journal_begun", VERSION, "test"),
            ("drawer_opened", VERSION, "test"),
            ("key_changed", "0.2.0", "newer"),
            ("software_changed", "0.2.0", "newer"),
            ("drawer_moved", "0.2.0", "newer"),
            ("drawer_moved", "0.2.0", "newer"),
        ]
        assert told[2][0]["details"] == {"before": "test", "after": "newer"}
        assert told[3][0]["details"] == {"before": VERSION, "after": "0.2.0"}
