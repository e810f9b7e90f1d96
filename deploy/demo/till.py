"""A till's day around its sales: drawers, cards, complaints, transfers, an hour offline, the Z.

Each selling site opens its first till's drawer with a counted float and closes it in the evening;
the other things happen at the first of them, as they do not happen everywhere every day.
"""

import time
from typing import TYPE_CHECKING, Any

import httpx

from chassis import clock
from deploy.demo.client import HEARD_WITHIN_S, Client, Refused
from deploy.demo.data.network import SELLING
from deploy.demo.device import Device
from deploy.local.home import Trouble

if TYPE_CHECKING:
    from deploy.demo.day import Day

#: By denomination in cents: 50 euros.
FLOAT = {"1000": 2, "500": 4, "200": 5}
_DENOMINATIONS = (5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1)
#: What a drawer is short of at the end of the day at one site: more than one person may settle.
_GAP_CENTS = -600
_OFFLINE_SALES = 3
_LOOK_S = 0.1


def pieces_of(cents: int) -> dict[str, int]:
    """Count an amount as a drawer would hold it, largest notes first."""
    pieces: dict[str, int] = {}
    for denomination in _DENOMINATIONS:
        count, cents = divmod(cents, denomination)
        if count:
            pieces[str(denomination)] = count
    return pieces


def open_drawers(day: "Day") -> None:
    """Count the float of each selling site's first till; what was left open is closed before."""
    for site_code in SELLING:
        till_id = day.till_of(site_code)
        for session in _sessions_open(day, site_code, till_id):
            _close(day, site_code, session, gap_cents=0)
        day.as_("till_operator", site_code=site_code).post(
            f"recharges/v1/tills/{till_id}/drawer-sessions", {"float": FLOAT}
        )
        day.done["drawers opened"] += 1


def close_drawers(day: "Day") -> None:
    """Count each drawer blind; one is short, and a second person looks at it."""
    for place, site_code in enumerate(SELLING):
        for session in _sessions_open(day, site_code, day.till_of(site_code)):
            closing_id = _close(day, site_code, session, gap_cents=_GAP_CENTS if place == 0 else 0)
            if place == 0:
                _print_twice(day, site_code, closing_id)


def _print_twice(day: "Day", site_code: str, closing_id: str) -> None:
    """The Z is printed; the accountant's copy got lost, so it is printed again."""
    path = f"recharges/v1/closings/{closing_id}/prints"
    day.as_("till_operator", site_code=site_code).post(path, {"format": "escpos"})
    manager = day.as_("site_manager", site_code=site_code)
    copy = manager.post(path, {"format": "html", "reason": "Exemplaire égaré."})
    if copy["copy_no"] != 1 or "DUPLICATA 1" not in copy["printed"]["content"]:
        raise AssertionError(f"a Z printed again is not marked as such: copy {copy['copy_no']}")
    day.done["Z printed again"] += 1


def hand_over(day: "Day") -> None:
    """Over lunch the manager holds the drawer of a site, and gives it back: each time counted."""
    site_code = SELLING[1]
    cashier = day.as_("till_operator", site_code=site_code)
    manager = day.as_("site_manager", site_code=site_code)
    for session in _sessions_open(day, site_code, day.till_of(site_code)):
        path = f"recharges/v1/drawer-sessions/{session['drawer_session_id']}"
        counted = pieces_of(manager.get(f"{path}/x")["expected_cents"])
        cashier.post(f"{path}/handovers", {"to_user": manager.user_id, "counted": counted})
        basket = day.basket(site_code, day.person_at(site_code, place=0))
        day.expect_refusal(
            "recharges.drawer.held_by_another", cashier, "recharges/v1/sales", basket
        )
        manager.post(f"{path}/handovers", {"to_user": cashier.user_id, "counted": counted})
        day.done["drawers handed over"] += 2


def _sessions_open(day: "Day", site_code: str, till_id: str) -> list[dict[str, Any]]:
    manager = day.as_("site_manager", site_code=site_code)
    shown = manager.get(f"recharges/v1/drawer-sessions?site_code={site_code}&limit=200")
    return [each for each in shown if each["till_id"] == till_id and each["state"] != "closed"]


def _close(day: "Day", site_code: str, session: dict[str, Any], *, gap_cents: int) -> str:
    """Count and close a drawer; return its Z."""
    manager = day.as_("site_manager", site_code=site_code)
    path = f"recharges/v1/drawer-sessions/{session['drawer_session_id']}"
    counted = session
    if session["state"] == "open":
        expected: int = manager.get(f"{path}/x")["expected_cents"]
        counted = day.as_("till_operator", site_code=site_code).post(
            f"{path}/close", {"counted": pieces_of(max(0, expected + gap_cents))}
        )
        day.cents["drawers' gaps"] += counted["gap_cents"]
    if counted["state"] == "counted":
        counted = manager.post(f"{path}/approval", {"reason": "Erreur de rendu, recomptée à deux."})
        day.done["gaps approved by a second person"] += 1
    day.done["drawers closed"] += 1
    closing_id: str = counted["closing_id"]
    return closing_id


def use_cards(day: "Day") -> None:
    """Some pay by card: one is declined, one goes home with credit, one changes their mind."""
    stripe = next((each for each in day.stack.processes if each.name == "stripe"), None)
    if stripe is None:
        return  # real keys: a demonstration takes no real money
    site_code = SELLING[0]
    till = day.as_("till_operator", site_code=site_code)
    with httpx.Client(base_url=f"http://127.0.0.1:{stripe.port}/control", timeout=30.0) as bank:
        declined = _ask_card(day, till, site_code)
        _pay(bank, declined, "pm_card_chargeDeclined")
        till.post(f"recharges/v1/sales/{declined['sale_id']}/cancellations", {})
        day.done["card sales given up"] += 1
        for reveals in (True, False):
            sale = _ask_card(day, till, site_code)
            _pay(bank, sale, "pm_card_visa")
            _await_state(till, sale["sale_id"], "completed")
            day.done["card sales"] += 1
            if reveals:
                shown = till.post(f"recharges/v1/sales/{sale['sale_id']}/reveals", {})
                day.cents["paid by card"] += shown["total_cents"]
            else:
                manager = day.as_("site_manager", site_code=site_code)
                manager.post(
                    f"recharges/v1/sales/{sale['sale_id']}/refunds",
                    {"reason": "Le client a changé d'avis."},
                )
                _await_state(till, sale["sale_id"], "refunded")
                day.done["card sales refunded, voucher back on the shelf"] += 1


def _ask_card(day: "Day", till: Client, site_code: str) -> dict[str, Any]:
    person_ref = day.person_at(site_code, place=-1)
    body = day.basket(site_code, person_ref) | {
        "lines": [{"offer_code": "sfr-500mo", "quantity": 1}],
        "payment": {"tender": "card"},
    }
    asked: dict[str, Any] = till.post("recharges/v1/sales", body)
    return asked


def _pay(bank: httpx.Client, sale: dict[str, Any], card: str) -> None:
    """Be the customer: hold a test card to the terminal."""
    intent_id = sale["payment"]["intent_id"]
    bank.post(f"/payment_intents/{intent_id}/pay", json={"payment_method": card})


def _await_state(till: Client, sale_id: str, state: str) -> None:
    deadline = time.monotonic() + HEARD_WITHIN_S
    while till.get(f"recharges/v1/sales/{sale_id}")["state"] != state:
        if time.monotonic() > deadline:
            raise Trouble(f"the card sale {sale_id} did not become {state} in time.")
        time.sleep(_LOOK_S)


def complain(day: "Day") -> None:
    """A PIN does not work: the operator looks, takes the voucher back, the money is returned."""
    site_code = SELLING[0]
    till_id = day.till_of(site_code)
    till = day.as_("till_operator", site_code=site_code)
    manager = day.as_("site_manager", site_code=site_code)
    body = day.basket(site_code, day.person_at(site_code, place=-2)) | {
        "lines": [{"offer_code": "sfr-500mo", "quantity": 1}]
    }
    sale = till.post("recharges/v1/sales", body)
    day.count_sale(sale)
    manager.post(f"recharges/v1/sales/{sale['sale_id']}/reprints", {"reason": "Ticket illisible."})
    day.done["tickets printed again"] += 1
    refund = manager.post(
        f"recharges/v1/sales/{sale['sale_id']}/refunds", {"reason": "Code refusé par l'opérateur."}
    )
    path = f"recharges/v1/refunds/{refund['refund_id']}"
    partner = day.as_("operator_partner", operator="sfr")
    partner.post(f"{path}/answer", {"granted": True, "why": "Jamais activé."})
    paid = manager.post(f"{path}/payout", {"till_id": till_id})
    till.post(f"{path}/prints", {"format": "escpos"})
    day.done["refunds granted by the operator"] += 1
    day.cents["refunded in cash"] += paid["amount_cents"]


def transfer(day: "Day") -> None:
    """A site lends another some vouchers; one of them gets lost on the way."""
    sender, receiver = SELLING[0], SELLING[1]
    body = {
        "from_site": sender,
        "to_site": receiver,
        "lines": [{"offer_code": "sfr-15", "quantity": 5}],
    }
    manager = day.as_("site_manager", site_code=sender)
    try:
        sent = manager.post("recharges/v1/transfers", body)
    except Refused as refused:
        if refused.code != "recharges.stock.no_voucher_left":
            raise
        day.refused[refused.code] += 1
        return
    path = f"recharges/v1/transfers/{sent['transfer_id']}"
    other = day.as_("site_manager", site_code=receiver)
    [line] = other.get(path)["lines"]
    done = other.post(f"{path}/receive", {"missing_serials": line["serials"][:1]})
    day.done["vouchers transferred"] += done["arrived"]
    day.done["vouchers missing on arrival"] += done["missing"]


def lose_and_damage(day: "Day") -> None:
    """A shelf is counted: vouchers are torn, some are gone, and one of those is found again."""
    site_code = SELLING[1]
    manager = day.as_("site_manager", site_code=site_code)
    for change, count, reason in (
        ("damaged", 1, "Carton mouillé."),
        ("lost", 2, "Introuvables à l'inventaire."),
        ("found", 1, "Retrouvé derrière le comptoir."),
    ):
        asked = {"site_code": site_code, "offer_code": "sfr-15", "change": change}
        try:
            done = manager.post(
                "recharges/v1/stock/changes", asked | {"count": count, "reason": reason}
            )
        except Refused as refused:
            if refused.code != "recharges.stock.vouchers_too_few":
                raise
            day.refused[refused.code] += 1
            return
        day.done[f"vouchers {change}"] += done["vouchers"]


def move_cash(day: "Day") -> None:
    """Notes go to the bank, coins come from the safe, stamps are paid for out of the drawer."""
    site_code = SELLING[1]
    manager = day.as_("site_manager", site_code=site_code)
    for session in _sessions_open(day, site_code, day.till_of(site_code)):
        for purpose, cents, reason in (
            ("bank", -2_000, "Remise en banque."),
            ("safe", 1_000, "Monnaie du coffre."),
            ("expense", -300, "Timbres."),
        ):
            manager.post(
                f"recharges/v1/drawer-sessions/{session['drawer_session_id']}/movements",
                {
                    "kind": "in" if cents > 0 else "out",
                    "amount_cents": abs(cents),
                    "purpose": purpose,
                    "reason": reason,
                },
            )
            day.cents[f"cash moved, {purpose}"] += cents


def go_offline(day: "Day") -> None:
    """The line of a site fails for an hour: its till sells what it leased, and tells afterwards."""
    site_code = SELLING[2]
    till_id = day.till_of(site_code)
    till = day.as_("till_operator", site_code=site_code)
    person_ref = day.person_at(site_code, place=-1)
    path = f"recharges/v1/tills/{till_id}"
    asked = {"offer_code": "sfr-500mo", "quantity": 5, "people": [person_ref]}
    try:
        lease = till.post(f"{path}/leases", asked)
    except Refused as refused:
        if refused.code != "recharges.stock.no_voucher_left":
            raise
        day.refused[refused.code] += 1
        return
    lease_id = lease["lease_id"]
    device = Device(till_id=till_id, seller_id=person_ref, lease=lease)
    for _ in range(_OFFLINE_SALES):
        device.sell(person_ref, at=clock.now())
    outcomes = till.post(f"{path}/offline-sales", device.waiting)
    if any(each["outcome"] != "accepted" for each in outcomes):
        raise AssertionError(f"offline sales were not accepted: {outcomes}")
    till.post(
        f"recharges/v1/leases/{lease_id}/return",
        {"chain": {"sequence": device.sequence, "hash": device.hash}},
    )
    day.done["sales without the network"] += len(outcomes)
    day.cents["cash taken"] += sum(each["total_cents"] for each in device.waiting)
