"""Who plays Stripe: the stand-in by default, Stripe itself when both of its secrets are given."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import stripe

from deploy.local import cards, keyring
from deploy.local.home import Home, Trouble
from deploy.local.ports import Ports
from deploy.local.processes import FIRST_COPY_OFFSET, PROCESSES
from deploy.local.stack import Running
from tests.fix_stack import LOCAL_WEB_PORT, RunningStack, free_slot, wipe

PORTS = Ports(8480)
READY_WITHIN_S = 20.0
TABLE = {process.name: process for process in PROCESSES}
OWN = {"STRIPE_API_KEY": "sk_test_of_ones_own", "STRIPE_WEBHOOK_SECRET": "whsec_of_ones_own"}


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (cards.KEY, cards.SECRET, cards.BASE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def own_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in OWN.items():
        monkeypatch.setenv(name, value)


class TestStandIn:
    def test_runs_for_who_takes_cards_only(self) -> None:
        assert cards.stand_in_runs(PROCESSES)
        assert not cards.stand_in_runs([TABLE["referrals"], TABLE["recharges-relay"]])

    def test_has_a_port_that_nobody_else_has(self) -> None:
        assert cards.environment(TABLE["recharges"], ports=PORTS) == {
            "STRIPE_API_BASE": f"http://127.0.0.1:{PORTS.stripe}"
        }
        offset = PORTS.stripe - PORTS.base
        assert offset not in {process.port_offset for process in PROCESSES}
        assert offset < FIRST_COPY_OFFSET

    def test_is_known_to_recharges_alone(self) -> None:
        told = {name for name, process in TABLE.items() if cards.KEY in process.secrets}
        assert told == {"recharges"}
        assert cards.environment(TABLE["accounts"], ports=PORTS) == {}

    def test_gives_way_to_stripe_itself(self, own_keys: None) -> None:
        assert not cards.stand_in_runs(PROCESSES)
        copy = replace(TABLE["recharges"], name="recharges-2")
        assert cards.environment(copy, ports=PORTS) == OWN | {
            "STRIPE_API_BASE": "https://api.stripe.com"
        }

    def test_tells_a_command_the_keyrings_keys_only_beside_itself(self) -> None:
        stand_in = Running(name="stripe", pid=1, port=18091, metrics=None)
        secrets = {"RELAIS_PIN_KEYS": "k1:x", "STRIPE_API_KEY": "a", "STRIPE_WEBHOOK_SECRET": "b"}
        beside = cards.for_commands(secrets, processes=[stand_in])
        assert beside == secrets | {"STRIPE_API_BASE": "http://127.0.0.1:18091"}
        assert cards.for_commands(secrets, processes=[]) == {"RELAIS_PIN_KEYS": "k1:x"}


class TestGivenKeys:
    @pytest.mark.parametrize("name", [*OWN, "STRIPE_API_BASE"])
    def test_are_refused_alone_in_one_sentence(
        self, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setenv(name, "something")
        with pytest.raises(Trouble, match=f"^{name} is set alone: .*together.*\\.$"):
            cards.given()

    @pytest.mark.parametrize("name", OWN)
    @pytest.mark.parametrize("blank", ["", "  "])
    def test_are_refused_empty(
        self, monkeypatch: pytest.MonkeyPatch, own_keys: None, name: str, blank: str
    ) -> None:
        monkeypatch.setenv(name, blank)
        with pytest.raises(Trouble, match=f"^{name} is set and empty"):
            cards.given()


class TestUp:
    def test_starts_nothing_with_half_of_stripe(self, tmp_path: Path) -> None:
        half = RunningStack(Home(tmp_path), PORTS, own={"STRIPE_API_KEY": "sk_test_of_ones_own"})
        refused = half.relais("up", "--no-demo")
        assert refused.returncode == 1
        assert refused.stderr.startswith("relais: STRIPE_API_KEY is set alone: ")
        assert refused.stderr.count("\n") == 1
        assert "starting" not in refused.stdout

    def test_plays_stripe_in_a_process_that_survives_a_kill(self) -> None:
        with free_slot("local", web_port=LOCAL_WEB_PORT) as (home, ports):
            wipe(home)
            home.prepare()
            ring = keyring.load(home)
            child = cards.make_child(home, ports=ports, hearer=TABLE["recharges"], keyring=ring)
            child.start()
            try:
                child.wait_ready(limit_s=READY_WITHIN_S, deaths_max=1)
                client = stripe.StripeClient(
                    ring.stripe_api_key,
                    base_addresses={"api": f"http://127.0.0.1:{ports.stripe}"},
                )
                made = client.v1.payment_intents.create({"amount": 250, "currency": "eur"})
                assert child.process
                child.process.kill()
                child.process.wait()
                child.start()
                child.wait_ready(limit_s=READY_WITHIN_S, deaths_max=1)
                assert client.v1.payment_intents.retrieve(made.id).id == made.id
            finally:
                child.stop()
                wipe(home)


class TestKeyring:
    def test_completes_a_keyring_of_an_earlier_day(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        before = keyring.load(home, services=["recharges"])
        kept = json.loads((tmp_path / keyring.FILE).read_text())
        for name in ("journal_keys", "stripe_api_key", "stripe_webhook_secret"):
            del kept[name]
        (tmp_path / keyring.FILE).write_text(json.dumps(kept))
        after = keyring.load(home)
        assert after.pin_keys == before.pin_keys
        assert after.stripe_api_key.startswith("sk_test_")
        assert after == keyring.load(home)

    def test_gives_the_journal_a_key_of_the_form_of_the_pins(self, tmp_path: Path) -> None:
        ring = keyring.load(Home(tmp_path))
        names = TABLE["recharges-relay"].secrets
        assert "RELAIS_JOURNAL_KEYS" in names
        key_id, _, key = ring.environment(names)["RELAIS_JOURNAL_KEYS"].partition(":")
        assert key_id == "j1"
        assert len(key) == 43
