"""What equipment does when asked.  Each function is one transaction: load, decide, save, tell."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from chassis import aliases, forgotten, outbox, texts
from chassis.db import Transaction
from chassis.facts import Fact
from chassis.http import Call
from chassis.shapes import Paged
from kernel.envelope import Envelope
from kernel.money import Cents
from kernel.period import business_date
from services.equipment import api, events, store
from services.equipment.domain import functional_test, identity, wipe
from services.equipment.domain import repair as repairs
from services.equipment.domain import sale as selling
from services.equipment.domain.day import require_between
from services.equipment.domain.device import (
    OUT_OF_TURN,
    Device,
    DeviceUnknown,
    State,
    Step,
    take,
    wording_of,
)
from services.equipment.domain.entitlement import Entitlement
from services.equipment.domain.guarantee import Guarantee
from services.equipment.domain.kind import Condition
from services.equipment.domain.lot import Lot, LotCodeTaken, LotUnknown, SiteUnknown

# -- heard ----------------------------------------------------------------------------------------


def learn_sites(tx: Transaction, facts: Sequence[Envelope]) -> list[UUID]:
    """Keep the sites that accounts opened; return the facts that told nothing new."""
    old = []
    for fact in facts:
        heard = events.SiteOpened.hear(fact)
        if not store.learn_site(tx, **heard.model_dump(), sequence=fact.sequence):
            old.append(fact.id)
    return old


def learn_entitlements(tx: Transaction, facts: Sequence[Envelope]) -> list[UUID]:
    """Keep people's entitlements; return the facts that told nothing new."""
    old = []
    # In one order everywhere, so that two batches about the same people cannot deadlock.
    for fact in sorted(facts, key=lambda fact: (fact.subject, fact.sequence)):
        entitlement = Entitlement(**events.entitlement_in(fact).model_dump())
        if not store.learn_entitlement(tx, entitlement, sequence=fact.sequence):
            old.append(fact.id)
    return old


# -- lots and devices -----------------------------------------------------------------------------


def enter_lot(tx: Transaction, body: api.EnterLot, *, call: Call) -> api.LotEntered:
    """Enter a donor's delivery."""
    _require_site(tx, body.site_code, call=call)
    require_between(body.received_on, earliest_on=None, today=business_date(call.now))
    lot = Lot(lot_id=call.new_id(), **body.model_dump())
    if not store.add_lot(tx, lot, by=call.caller.user_id, at=call.now):
        raise LotCodeTaken(lot_code=body.lot_code)
    return api.LotEntered(lot_id=lot.lot_id, lot_code=lot.lot_code, site_code=lot.site_code)


def enter_device(tx: Transaction, body: api.EnterDevice, *, call: Call) -> api.DeviceEntered:
    """Enter one device of a lot, once in the whole network."""
    lot = store.find_lot(tx, body.lot_id)
    if lot is None:
        raise LotUnknown
    site_code = body.site_code or lot.site_code
    _require_site(tx, site_code, call=call)
    known_by = identity.identify(body.kind, imei=body.imei, serial=body.serial)
    if known_by.imei is not None and store.is_blocked(tx, known_by.imei):
        raise identity.ImeiBlocked
    device = Device(
        device_id=call.new_id(),
        lot_id=lot.lot_id,
        site_code=site_code,
        kind=body.kind,
        condition=body.condition,
        brand=body.brand,
        model=body.model,
        received_on=lot.received_on,
    )
    if not store.add_device(tx, device, identity=known_by, by=call.caller.user_id, at=call.now):
        raise identity.KnownAlready
    _tell(tx, events.DeviceReceived, device, {}, call=call)
    return api.DeviceEntered(device_id=device.device_id, site_code=site_code, state=device.state)


def record_wipe(
    tx: Transaction, body: api.RecordWipe, *, device_id: UUID, call: Call
) -> api.WipeRecorded:
    """Write down that a device's data was erased, or that this failed."""
    device = _lock(tx, device_id, call=call)
    step = wipe.step_of(
        device.kind,
        method=body.method,
        passed=body.passed,
        certificate_no=body.certificate_no,
        storage_serial=body.storage_serial,
    )
    after = take(device, step=step)
    require_between(
        body.performed_on, earliest_on=device.received_on, today=business_date(call.now)
    )
    wipe_id = call.new_id()
    _save(tx, after, step=step, before=device, call=call)
    values = body.model_dump(mode="python") | {"wipe_id": wipe_id, "step": step.value}
    store.add_wipe(tx, after, wipe=values)
    return api.WipeRecorded(
        wipe_id=wipe_id, device_id=device_id, passed=body.passed, state=after.state
    )


def record_test(
    tx: Transaction, body: api.RecordTest, *, device_id: UUID, call: Call
) -> api.TestRecorded:
    """Write down which functions of a wiped device work."""
    device = _lock(tx, device_id, call=call)
    today = business_date(call.now)
    performed_on = body.performed_on or today
    require_between(performed_on, earliest_on=store.find_wiped_on(tx, device_id), today=today)
    required = store.list_checks(tx, on=performed_on, kind=device.kind).get(device.kind, [])
    outcome = functional_test.judge(body.checks, required=required)
    after = take(device, step=outcome.step)
    test_id = call.new_id()
    _save(tx, after, step=outcome.step, before=device, call=call)
    values = {
        "test_id": test_id,
        "step": outcome.step.value,
        "passed": outcome.passed,
        "battery_percent": body.battery_percent,
        "performed_on": performed_on,
    }
    store.add_test(tx, after, test=values, checks=body.checks)
    return api.TestRecorded(
        test_id=test_id,
        device_id=device_id,
        passed=outcome.passed,
        failed=list(outcome.failed),
        state=after.state,
    )


def give_grade(
    tx: Transaction, body: api.GiveGrade, *, device_id: UUID, call: Call
) -> api.GradeGiven:
    """Give a tested device its grade, which makes it ready for sale."""
    device = _lock(tx, device_id, call=call)
    after = take(device, step=Step.GRADE)
    price = store.find_price(
        tx, condition=device.condition, grade=body.grade, on=business_date(call.now)
    )
    if price is None:
        raise selling.PriceMissing
    _save(tx, after, step=Step.GRADE, before=device, call=call)
    store.add_grading(tx, after, grade=body.grade)
    told = {"grade": body.grade, "price_cents": price.price_cents}
    _tell(tx, events.DeviceReady, after, told, call=call)
    return api.GradeGiven(
        device_id=device_id,
        grade=body.grade,
        state=after.state,
        price_cents=price.price_cents,
        label=_label(after.condition, state=after.state, call=call),
    )


def retire_device(
    tx: Transaction, body: api.RetireDevice, *, device_id: UUID, call: Call
) -> api.DeviceRetired:
    """Send a device that nobody can use to recycling."""
    device = _lock(tx, device_id, call=call)
    after = take(device, step=Step.RETIRE)
    require_between(
        body.collected_on, earliest_on=device.received_on, today=business_date(call.now)
    )
    _save(tx, after, step=Step.RETIRE, before=device, call=call)
    store.add_end_of_life(tx, after, slip=body.model_dump())
    return api.DeviceRetired(device_id=device_id, slip_no=body.slip_no, state=after.state)


def block_imei(tx: Transaction, body: api.BlockImei, *, call: Call) -> api.ImeiBlocked:
    """Put an IMEI on the list of lost and stolen phones: no site receives or sells it."""
    imei = identity.tidy_imei(body.imei)
    store.add_blocked_imei(tx, imei, reason=body.reason, by=call.caller.user_id, at=call.now)
    return api.ImeiBlocked(imei=imei, reason=body.reason)


# -- sales and repairs ----------------------------------------------------------------------------


def sell_device(tx: Transaction, body: api.SellDevice, *, device_id: UUID, call: Call) -> api.Sale:
    """Sell a device to an entitled person; of two tills at once, the second finds it sold."""
    call.caller.require_site(body.site_code)
    if body.tender == "card":
        raise selling.CardNotYet
    device = _lock(tx, device_id, call=call)
    forgotten.require_known(tx, body.person_ref)
    today = business_date(call.now)
    proof = store.find_proof(tx, device_id)
    price = None
    if proof is not None:
        price = store.find_price(tx, condition=device.condition, grade=proof.grade, on=today)
    sale = selling.sell(
        device,
        sale_id=call.new_id(),
        site_code=body.site_code,
        proof=proof,
        price=price,
        person_ref=body.person_ref,
        entitlements=store.list_entitlements(tx, aliases.references(tx, body.person_ref)),
        business_date=today,
        tendered_cents=Cents(body.tendered_cents),
        handover_on=body.handover_on,
    )
    if store.is_blocked_device(tx, device_id):
        raise identity.ImeiBlocked
    _save(tx, sale.device, step=Step.SELL, before=device, call=call)
    store.add_sale(tx, sale, tender=body.tender, by=call.caller.user_id, at=call.now)
    label = _label(device.condition, state=sale.device.state, call=call)
    answer = api.Sale.of(sale, tender=body.tender, label=label)
    _tell(tx, events.DeviceSold, sale.device, answer.model_dump(), call=call)
    return answer


def open_repair(
    tx: Transaction, body: api.OpenRepair, *, device_id: UUID, call: Call
) -> api.Repair:
    """Take a sold device in for repair, and give it back at once when it is mended already."""
    device = _lock(tx, device_id, call=call)
    buyer = store.find_buyer(tx, device_id)
    if buyer is not None:  # the guarantee is theirs, forgotten or not
        forgotten.require_no_words(tx, buyer, body.fault)
    guarantee = _guarantee(tx, device)
    taken_in, repair = repairs.open_repair(
        device,
        repair_id=call.new_id(),
        guarantee=guarantee,
        opened_on=body.opened_on,
        fault=body.fault,
        today=business_date(call.now),
    )
    _save(tx, taken_in, step=Step.OPEN_REPAIR, before=device, call=call)
    store.add_repair(tx, taken_in, repair=repair)
    if body.closed_on is not None:
        return _close(tx, taken_in, repair, api.CloseRepair(closed_on=body.closed_on), call=call)
    return api.Repair.of(repair, state=taken_in.state, guarantee=guarantee)


def close_repair(
    tx: Transaction, body: api.CloseRepair, *, repair_id: UUID, call: Call
) -> api.Repair:
    """Give a repaired device back to its owner."""
    found = store.find_repair(tx, repair_id)
    if found is None:
        raise repairs.RepairUnknown
    device = _lock(tx, found.device_id, call=call)
    # Again, now that nobody else can close it.
    repair = store.find_repair(tx, repair_id) or found
    return _close(tx, device, repair, body, call=call)


def _close(
    tx: Transaction,
    device: Device,
    repair: repairs.Repair,
    body: api.CloseRepair,
    *,
    call: Call,
) -> api.Repair:
    done = repairs.close_repair(
        device,
        repair=repair,
        guarantee=_guarantee(tx, device),
        closed_on=body.closed_on,
        today=business_date(call.now),
    )
    _save(tx, done.device, step=Step.CLOSE_REPAIR, before=device, call=call)
    store.add_repair_closing(tx, done.device, repair=done.repair)
    store.add_guarantee(tx, done.device, guarantee=done.guarantee)
    return api.Repair.of(done.repair, state=done.device.state, guarantee=done.guarantee)


# -- reading --------------------------------------------------------------------------------------


def list_devices(tx: Transaction, asked: api.DevicePage, *, call: Call) -> Paged[api.DeviceLine]:
    """List a page of devices of the caller's sites."""
    site_codes = call.caller.sites_seen
    if asked.site_code is not None:
        call.caller.require_site(asked.site_code)
        site_codes = [asked.site_code]
    wanted = asked.model_dump(include={"state", "kind", "after"}) | {
        "site_codes": site_codes,
        "count_max": asked.limit + 1,
    }
    rows = store.list_devices(tx, wanted=wanted, on=business_date(call.now))
    found = [api.DeviceLine(**_labelled(row, call=call)) for row in rows]
    return Paged.cut(found, limit=asked.limit, key=lambda each: each.device_id)


def get_device(tx: Transaction, *, device_id: UUID, call: Call) -> api.DeviceHistory:
    """Show a device with all that happened to it."""
    wanted = {"device_id": device_id}
    rows = store.list_devices(tx, wanted=wanted, on=business_date(call.now))
    if not rows:
        raise DeviceUnknown
    call.caller.require_site(rows[0]["site_code"])
    history = store.find_history(tx, device_id)
    return api.DeviceHistory.model_validate(_labelled(rows[0], call=call) | history)


def get_sale(tx: Transaction, *, sale_id: UUID, call: Call) -> api.Sale:
    """Show a sale as its receipt did."""
    row = store.find_sale(tx, sale_id)
    if row is None:
        raise selling.SaleUnknown
    call.caller.require_site(row["site_code"])
    label = _label(Condition(row["condition"]), state=State.SOLD, call=call)
    return api.Sale.from_row(row, label=label)


def list_checks(tx: Transaction, *, call: Call) -> list[api.Checks]:
    """List the functions that a test covers, for each kind of device."""
    found = store.list_checks(tx, on=business_date(call.now))
    return [api.Checks(kind=kind, checks=names) for kind, names in found.items()]


def list_prices(tx: Transaction, *, call: Call) -> list[api.PriceLine]:
    """List today's tariff."""
    return [
        api.PriceLine(
            condition=price.condition,
            grade=price.grade,
            price_cents=price.price_cents,
            from_on=price.from_on,
        )
        for price in store.list_prices(tx, on=business_date(call.now))
    ]


# -- shared by the above --------------------------------------------------------------------------


def _require_site(tx: Transaction, site_code: str, *, call: Call) -> None:
    call.caller.require_site(site_code)
    if not store.is_site(tx, site_code):
        raise SiteUnknown(site_code=site_code)


def _lock(tx: Transaction, device_id: UUID, *, call: Call) -> Device:
    device = store.lock_device(tx, device_id)
    if device is None:
        raise DeviceUnknown
    call.caller.require_site(device.site_code)
    return device


def _guarantee(tx: Transaction, device: Device) -> Guarantee:
    guarantee = store.find_guarantee(tx, device.device_id)
    if guarantee is None:  # never sold
        raise OUT_OF_TURN[device.state]
    return guarantee


def _save(tx: Transaction, after: Device, *, step: Step, before: Device, call: Call) -> None:
    store.save_step(tx, after, step=step, before=before, by=call.caller.user_id, at=call.now)


def _tell(
    tx: Transaction, kind: type[Fact], device: Device, told: dict[str, Any], *, call: Call
) -> None:
    """Tell the fact's own fields out of what is known of the device and of what happened."""
    known = asdict(device) | told
    fact = kind.model_validate({name: known[name] for name in kind.model_fields})
    envelope = fact.tell(
        id=call.new_id(), subject=str(device.device_id), site=device.site_code, at=call.now
    )
    outbox.append(tx, [envelope])


def _label(condition: Condition, *, state: State, call: Call) -> str:
    wording = wording_of(condition, state=state)
    return texts.translate(wording.value, language=call.language, service="equipment")


def _labelled(row: dict[str, Any], *, call: Call) -> dict[str, Any]:
    label = _label(Condition(row["condition"]), state=State(row["state"]), call=call)
    return row | {"label": label}
