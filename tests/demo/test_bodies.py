"""What the demonstration sends fits the doors it is sent to."""

import json
from typing import Any

from pydantic import BaseModel

from deploy.demo import data
from services.accounts.api import sites, users
from services.equipment import api as equipment
from services.mediation.api import calculators
from services.mediation.api import cases as mediation
from services.referrals.api import referrals

MADE = data.demonstration()
SOME_ID = "01932d3a-7c00-7000-8000-000000000001"


def fits(model: type[BaseModel], body: dict[str, Any]) -> None:
    model.model_validate_json(json.dumps(body))


class TestBodies:
    def test_of_sites_and_users_fit_accounts(self) -> None:
        for site in MADE.network.sites:
            fits(
                sites.OpenSite,
                {"site_code": site.site_code, "name": site.name, "address": site.address},
            )
        for user in MADE.network.users:
            fits(users.NewUser, user.account(password="twelve letters and more"))

    def test_of_people_fit_referrals(self) -> None:
        for person in MADE.people:
            fits(referrals.SubmitReferral, person.referral())

    def test_of_devices_fit_equipment(self) -> None:
        fits(equipment.EnterLot, MADE.lot.delivery())
        for device in MADE.lot.devices:
            fits(equipment.EnterDevice, {"lot_id": SOME_ID} | device.receipt())
            fits(equipment.RecordWipe, device.wipe(performed_on=MADE.today))
            fits(equipment.RecordTest, device.test(["screen", "battery", "camera"]))
            if device.grade is not None:
                fits(equipment.GiveGrade, {"grade": device.grade})

    def test_of_debt_files_fit_mediation(self) -> None:
        for file in MADE.debt_files:
            fits(mediation.RecordMandate, file.mandate())
            for line in file.lines:
                fits(mediation.AddLine, line.claim(operator=file.operator))
                fits(calculators.AskLimitation, line.question(on=MADE.today))
            if file.contract is not None:
                fits(calculators.AskTerminationFee, file.contract.question())
            for proposal in file.proposals:
                offer = proposal.offer(operator=file.operator, line_ids=[SOME_ID])
                fits(mediation.MakeOffer, offer)
                if proposal.counter is not None:
                    fits(mediation.CounterTerms, proposal.counter.body())
