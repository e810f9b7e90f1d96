"""Who signs in, as accounts tells it: in whatever order it is heard, the last fact holds."""

from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

from services.referrals.handlers import learning
from services.referrals.store import network
from tests.fix_stack import TxOf
from tests.referrals.build import NOW, a_fact

LATER = NOW + timedelta(days=1)
STORY: list[tuple[str, dict[str, Any]]] = [
    ("created", {"role": "referrer"}),
    ("disabled", {"role": "referrer"}),
    ("changed", {"role": "mediator", "disabled_at": LATER.isoformat()}),
    ("enabled", {"role": "mediator"}),
]


class TestUser:
    def test_is_known_by_the_last_fact_in_whatever_order_they_are_heard(self, tx_of: TxOf) -> None:
        tx = tx_of("referrals")
        for length in range(1, len(STORY) + 1):
            for order in permutations(range(length)):
                user_id = uuid4()
                facts = [
                    a_fact(
                        f"accounts.user.{STORY[place][0]}.v1",
                        {"user_id": str(user_id), "site_codes": [], **STORY[place][1]},
                        sequence=place + 1,
                    )
                    for place in order
                ]
                learning.learn_users(tx, facts[:2])
                for fact in facts[2:]:
                    learning.learn_users(tx, [fact])

                user = network.find_user(tx, user_id)
                assert user is not None
                role = "referrer" if length < 3 else "mediator"
                assert (user.role, user.disabled) == (role, length in (2, 3)), order
