"""The houses that refer people, and who works for them."""

from uuid import UUID, uuid4

import pytest

from services.referrals.api import structures as structure_api
from services.referrals.domain.structure import (
    NumberMissing,
    SiretNotValid,
    StructureTaken,
    StructureUnknown,
)
from services.referrals.domain.worker import WorkerDisabled, WorkerNotReferrer, WorkerUnknown
from services.referrals.handlers import structures
from tests.fix_stack import TxOf
from tests.referrals.build import (
    NOW,
    Tx,
    a_caller,
    a_house,
    employ,
    hear_of,
    open_site,
    submit,
)


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("referrals")
    open_site(opened)
    return opened


class TestStructures:
    def test_referral_knows_the_house_of_its_referrer(self, tx: Tx) -> None:
        body = structure_api.NewStructure(
            name="CCAS fictif", kind="ccas", siret="732 829 320 00074"
        )
        made = structures.add_structure(tx, body, structure_id=uuid4(), now=NOW)
        referrer = a_caller("referrer")
        hear_of(tx, referrer.user_id)
        employ(tx, made.structure_id, referrer)

        referral = submit(tx, caller=referrer)

        row = tx.execute(
            "SELECT structure_id FROM referral WHERE referral_id = %s", (referral.referral_id,)
        ).fetchone()
        assert row == {"structure_id": made.structure_id}
        assert made.siret == "73282932000074"
        assert made in structures.list_structures(tx, structure_api.StructurePage(), now=NOW).items

    def test_are_listed_by_name_page_by_page(self, tx: Tx) -> None:
        for number, name in enumerate(("Ravel", "Abeille", "Ravel", "Cigale", "Zinnia")):
            rna = f"W75100{number:04d}"
            body = structure_api.NewStructure(name=name, kind="other", rna=rna)
            structures.add_structure(tx, body, structure_id=uuid4(), now=NOW)

        names: list[str] = []
        page = structure_api.StructurePage(limit=2)
        while True:
            found = structures.list_structures(tx, page, now=NOW)
            names += [each.name for each in found.items]
            if found.last is None:
                break
            page = structure_api.StructurePage(limit=2, after=UUID(found.last))

        assert names == ["Abeille", "Cigale", "Ravel", "Ravel", "Zinnia"]

    def test_worker_is_a_referrer_of_whom_accounts_told(self, tx: Tx) -> None:
        house = a_house(tx)
        unknown, mediator, ended = (a_caller("referrer") for _ in range(3))
        hear_of(tx, mediator.user_id, role="mediator")
        hear_of(tx, ended.user_id)
        hear_of(tx, ended.user_id, ended=True)

        for user, refusal in (
            (unknown, WorkerUnknown),
            (mediator, WorkerNotReferrer),
            (ended, WorkerDisabled),
        ):
            with pytest.raises(refusal):
                employ(tx, house, user)
        assert tx.execute("SELECT FROM worker").fetchall() == []

    def test_user_who_ended_stays_so_in_whatever_order_it_is_told(self, tx: Tx) -> None:
        house, user = a_house(tx), a_caller("referrer")

        for ended in (True, False, True, False):
            hear_of(tx, user.user_id, ended=ended)

            with pytest.raises(WorkerDisabled):
                employ(tx, house, user)

    def test_refuses_a_wrong_siret_none_a_second_one_and_an_unknown_house(self, tx: Tx) -> None:
        body = structure_api.NewStructure(name="CCAS fictif", kind="ccas", siret="73282932000074")
        structures.add_structure(tx, body, structure_id=uuid4(), now=NOW)

        with pytest.raises(StructureTaken):
            structures.add_structure(tx, body, structure_id=uuid4(), now=NOW)
        unnumbered = body.model_copy(update={"siret": None})
        with pytest.raises(NumberMissing):
            structures.add_structure(tx, unnumbered, structure_id=uuid4(), now=NOW)
        wrong = body.model_copy(update={"siret": "73282932000075"})
        with pytest.raises(SiretNotValid):
            structures.add_structure(tx, wrong, structure_id=uuid4(), now=NOW)
        with pytest.raises(StructureUnknown):
            employ(tx, uuid4(), a_caller("referrer"))
