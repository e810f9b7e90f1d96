"""A till that takes cards: the service, the stand-in for Stripe, and the webhooks between them."""

import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from deploy.local.home import ROOT
from services.recharges.domain import journal
from tests.fix_service import bearer, environment_of, free_port
from tests.fix_stack import Schema
from tests.recharges.build import SITE
from tests.recharges.door import SELLER, Door, an_order, committed, open_door
from tests.recharges.shop import JOURNAL_KEYS, PIN_KEYS, Shop
from tests.stripe.standin import API_KEY, WEBHOOK_SECRET, StandIn, playing

#: What the till is told of a card without money.
POOR = (
    "La banque refuse la carte : la provision manque ou le plafond est atteint. "
    "Essayez une autre carte, ou encaissez des espèces."
)
MANAGER = bearer("site_manager", SITE)
SETTLED_WITHIN_S = 15.0


def a_card_order(till_id: UUID, person_ref: UUID, **more: Any) -> dict[str, Any]:
    return an_order(till_id, person_ref, **more) | {"payment": {"tender": "card"}}


def signed(event: dict[str, Any], *, secret: str = WEBHOOK_SECRET, at: float | None = None) -> Any:
    """The body and the header of a webhook."""
    return signed_as_it_is(json.dumps(event), secret=secret, at=at)


def signed_as_it_is(body: str, *, secret: str = WEBHOOK_SECRET, at: float | None = None) -> Any:
    second = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{second}.{body}".encode(), hashlib.sha256).hexdigest()
    return {"content": body, "headers": {"Stripe-Signature": f"t={second},v1={digest}"}}


def an_event(type_: str, told: dict[str, Any], *, event_id: str | None = None) -> dict[str, Any]:
    return {
        "id": event_id or f"evt_{uuid4().hex}",
        "object": "event",
        "type": type_,
        "created": int(time.time()),
        "data": {"object": told},
    }


@dataclass(frozen=True, kw_only=True)
class CardShop:
    """One site with a till, and everything a card payment passes through."""

    door: Door
    stand_in: StandIn
    schema: Schema
    till: UUID

    def buyer(self, *, cap_cents: int = 100_000) -> UUID:
        with committed(self.schema) as shop:
            return shop.entitle(cap_cents=cap_cents)

    def enrol_till(self) -> UUID:
        with committed(self.schema) as shop:
            return shop.enrol_till()

    def stock_up(self, count: int, **more: Any) -> None:
        with committed(self.schema) as shop:
            shop.stock_up(count, **more)

    def ask(self, person: UUID | None = None, *, key: str | None = None, **more: Any) -> Any:
        """Ask for a card sale; the whole answer."""
        body = a_card_order(self.till, person or self.buyer(), **more)
        return self.door.sell(body, key=key or str(uuid4()))

    def asked(self, person: UUID | None = None, **more: Any) -> dict[str, Any]:
        answer = self.ask(person, **more)
        assert answer.status_code == 202, answer.text
        asked: dict[str, Any] = answer.json()
        return asked

    def pay(self, asked: dict[str, Any], *, card: str = "pm_card_visa") -> None:
        """What the customer does at the payment form."""
        intent_id = asked["payment"]["intent_id"]
        self.stand_in.control(f"payment_intents/{intent_id}/pay", payment_method=card)

    def paid(self, person: UUID | None = None, **more: Any) -> dict[str, Any]:
        """A card sale that is completed."""
        asked = self.asked(person, **more)
        self.pay(asked)
        self.wait_for(asked, "completed")
        return asked

    def show(self, asked: dict[str, Any]) -> dict[str, Any]:
        answer = self.door.get(f"/v1/sales/{asked['sale_id']}")
        assert answer.is_success, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def state(self, asked: dict[str, Any]) -> str:
        """What the card sale's row says, without asking anybody."""
        found: str = self.one(
            "SELECT state FROM card_sale WHERE sale_id = %s", UUID(asked["sale_id"])
        )
        return found

    def wait_for(self, asked: dict[str, Any], state: str) -> None:
        """Look at the sale as a till does until it stands as it should."""
        until = time.monotonic() + SETTLED_WITHIN_S
        while (shown := self.show(asked)["state"]) != state:
            assert time.monotonic() < until, f"still {shown}"
            time.sleep(0.1)

    def until_answered(self, asked: dict[str, Any], status: int) -> httpx.Response:
        """Look at the sale until the look is answered with a status."""
        until = time.monotonic() + SETTLED_WITHIN_S
        while True:
            answer = self.door.get(f"/v1/sales/{asked['sale_id']}")
            if answer.status_code == status:
                return answer
            assert time.monotonic() < until, answer.text
            time.sleep(0.1)

    def post(self, path: str, *, as_: dict[str, str] = SELLER, key: str | None = None) -> Any:
        headers = as_ | {"Idempotency-Key": key or str(uuid4())}
        return self.door.client.post(path, json={}, headers=headers)

    def reveal(self, asked: dict[str, Any], *, key: str | None = None) -> httpx.Response:
        answer: httpx.Response = self.post(f"/v1/sales/{asked['sale_id']}/reveals", key=key)
        return answer

    def give_up(self, asked: dict[str, Any]) -> None:
        answer = self.post(f"/v1/sales/{asked['sale_id']}/cancellations")
        assert answer.json() == {"sale_id": asked["sale_id"], "state": "voided"}, answer.text

    def hook(self, event: dict[str, Any], **more: Any) -> httpx.Response:
        return self.door.client.post("/v1/stripe/webhooks", **signed(event, **more))

    def intent(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The payment as Stripe has it."""
        found: dict[str, Any] = (
            self.stand_in.client()
            .v1.payment_intents.retrieve(asked["payment"]["intent_id"])
            .to_dict()
        )
        return found

    def age(self, asked: dict[str, Any], *, minutes: int) -> None:
        """Let a card sale have been asked for that much earlier, and be due."""
        with committed(self.schema) as shop:
            shop.tx.execute(
                "UPDATE card_sale SET ordered_at = ordered_at - make_interval(mins => %s),"
                " look_at = now() WHERE sale_id = %s",
                (minutes, UUID(asked["sale_id"])),
            )

    def one(self, query: str, *values: Any) -> Any:
        with committed(self.schema) as shop:
            return shop.one(query, *values)

    def all(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with committed(self.schema) as shop:
            return shop.all(query, *values)

    def left(self, *, state: str = "available") -> int:
        counted: int = self.one(
            "SELECT coalesce(sum(end_position - next_position), 0)::int FROM lot WHERE state = %s",
            state,
        )
        return counted

    def until(self, holds: Callable[[], bool]) -> None:
        limit = time.monotonic() + SETTLED_WITHIN_S
        while not holds():
            assert time.monotonic() < limit, "it did not come to pass"
            time.sleep(0.1)


def told(stand_in: StandIn) -> dict[str, str]:
    """What a service that takes cards of this stand-in is told."""
    return {
        "STRIPE_API_KEY": API_KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "STRIPE_API_BASE": stand_in.base,
    }


@contextmanager
def card_shop(schema: Schema, folder: Path, *, parts: str = "http,consume") -> Iterator[CardShop]:
    """A shop whose service and stand-in run; the webhooks go from one to the other."""
    with committed(schema) as shop:
        till = Shop(tx=shop.tx).enrol_till()
    port = free_port()
    hooks = f"http://127.0.0.1:{port}/api/recharges/v1/stripe/webhooks"
    with (
        playing(folder, webhook_url=hooks) as stand_in,
        open_door(schema, RELAIS_PARTS=parts, RELAIS_HTTP_PORT=str(port), **told(stand_in)) as door,
    ):
        yield CardShop(door=door, stand_in=stand_in, schema=schema, till=till)


def books_hold(shop: CardShop) -> None:
    """Tickets are chained, vouchers sold once, and caps are what sales and holds come to."""
    rows = shop.all(
        "SELECT sequence, record, previous_hash, hash FROM journal"
        " WHERE till_id = %s AND kind = 'ticket' ORDER BY sequence",
        shop.till,
    )
    assert journal.first_break([tuple(row.values()) for row in rows]) is None
    waiting = shop.one("SELECT count(*) FROM card_sale WHERE state IN ('reserved', 'pending')")
    holders = shop.one("SELECT count(DISTINCT held_by) FROM lot WHERE state = 'reserved'")
    assert holders == waiting
    assert shop.one("SELECT count(*) FROM card_sale WHERE state = 'paid'") == shop.one(
        "SELECT count(*) FROM sale WHERE tender = 'card'"
    )


def start(shop: CardShop, **more: str) -> subprocess.CompletedProcess[str]:
    """Start a process that is not to stay; what it said."""
    told_all = {
        "RELAIS_PIN_KEYS": PIN_KEYS,
        "RELAIS_JOURNAL_KEYS": JOURNAL_KEYS,
        **told(shop.stand_in),
        **more,
    }
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "services.recharges"],
        cwd=ROOT,
        env=environment_of(shop.schema, **told_all),
        capture_output=True,
        text=True,
        timeout=60,
    )
