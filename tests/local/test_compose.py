"""The containers say the same as the local stack: the same processes, ports, parts and secrets."""

import re
from typing import Any

import pytest
import yaml

from deploy import secrets, web_image
from deploy.local import cards, mails, postgres, seller
from deploy.local.home import ROOT
from deploy.local.ports import WEB_PORT_DEFAULT, Ports
from deploy.local.processes import ServiceProcess, present, services_of
from deploy.migrate import password_variable

COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
CONTAINERS: dict[str, Any] = COMPOSE["services"]
NO_SERVICE = {"postgres", "rabbitmq", "nginx", "migrate", "stripe", "mail"}
DEFAULTED = {"RELAIS_PORT", "STRIPE_API_BASE", mails.URL, mails.RESET_PAGE_URL}
PORTS = Ports(WEB_PORT_DEFAULT)


def variables(text: str) -> set[str]:
    """The variables a text asks compose for, and with which default."""
    return set(re.findall(r"\$\{(\w+)", text))


class TestCompose:
    def test_runs_the_processes_of_the_table(self) -> None:
        assert CONTAINERS.keys() - NO_SERVICE == {process.name for process in present()}

    @pytest.mark.parametrize("process", present(), ids=lambda process: process.name)
    def test_starts_a_process_as_the_local_stack_does(self, process: ServiceProcess) -> None:
        container = CONTAINERS[process.name]
        environment = container["environment"]
        assert container["command"] == ["python", "-m", process.module]
        assert environment["RELAIS_HTTP_PORT"] == str(PORTS.of(process))
        assert environment.get("RELAIS_PARTS", "") == process.parts
        assert environment["DATABASE_URL"].startswith(f"postgresql://{process.service}:")
        assert password_variable(process.service) in environment["DATABASE_URL"]
        own = {"AMQP_URL", "DATABASE_URL", "RELAIS_HTTP_PORT", "RELAIS_PARTS"}
        # Only in containers does nginx speak from another address than loopback.
        shared = {"RELAIS_VERIFY_KEY", "RELAIS_TRUSTED_PROXIES"}
        base = {cards.BASE} if cards.KEY in process.secrets else set()
        mailed = mails.environment(process, ports=PORTS).keys()
        sells = seller.environment(process).keys()
        assert environment.keys() - own == {*shared, *process.secrets, *base, *mailed, *sells}

    def test_plays_stripe_where_recharges_finds_it(self) -> None:
        stand_in = CONTAINERS["stripe"]
        environment = stand_in["environment"]
        port = environment["RELAIS_HTTP_PORT"]
        base = CONTAINERS["recharges"]["environment"][cards.BASE]
        hearer = next(each for each in present() if each.name == cards.HEARER)
        assert stand_in["command"] == ["python", "-m", "deploy.stripe"]
        assert port == str(PORTS.stripe)
        assert base == f"${{STRIPE_API_BASE:-http://stripe:{port}}}"
        assert environment["STRIPE_WEBHOOK_URL"] == (
            f"http://recharges:{PORTS.of(hearer)}{cards.HOOKS_PATH}"
        )

    def test_keeps_mails_where_their_writers_find_the_box(self) -> None:
        mailbox = CONTAINERS["mail"]
        port = mailbox["environment"]["RELAIS_SMTP_PORT"]
        assert mailbox["command"] == ["python", "-m", "deploy.mailbox"]
        assert port == str(PORTS.mail)
        for writer in (each for each in present() if each.writes_mails):
            url = CONTAINERS[writer.name]["environment"][mails.URL]
            assert url == f"${{SMTP_URL:-smtp://mail:{port}}}"

    def test_migrates_every_schema_before_any_service_starts(self) -> None:
        environment = CONTAINERS["migrate"]["environment"]
        asked = {password_variable(service) for service in services_of(present())}
        assert environment.keys() == {"RELAIS_ADMIN_DATABASE_URL", *asked}
        for process in present():
            condition = CONTAINERS[process.name]["depends_on"]["migrate"]["condition"]
            assert condition == "service_completed_successfully"

    def test_asks_for_exactly_the_secrets_that_are_made(self) -> None:
        asked = variables((ROOT / "deploy" / "compose.yaml").read_text())
        assert asked == {*secrets.environment(), *seller.DEMONSTRATION, *DEFAULTED}

    def test_has_no_secret_with_a_default(self) -> None:
        text = (ROOT / "deploy" / "compose.yaml").read_text()
        assert set(re.findall(r"\$\{(\w+):-", text)) == DEFAULTED
        assert len(re.findall(r"\$\{\w+\}", text)) == 0

    def test_tunes_postgresql_alike(self) -> None:
        command = CONTAINERS["postgres"]["command"]
        for setting in command[2::2]:
            name, value = setting.split("=")
            assert postgres.SETTINGS[name].strip("'") == value

    def test_publishes_only_the_web_and_only_here(self) -> None:
        published = {name: each["ports"] for name, each in CONTAINERS.items() if "ports" in each}
        assert published == {"nginx": [f"127.0.0.1:${{RELAIS_PORT:-8480}}:{PORTS.web}"]}


class TestWebImage:
    def test_finds_every_service_that_answers_http(self, tmp_path: Any) -> None:
        web_image.main(tmp_path)
        text = (tmp_path / "nginx.conf").read_text()
        served = set(re.findall(r"server (\S+:\d+) max_fails", text))
        assert served == {
            f"{process.name}:{PORTS.of(process)}" for process in present() if process.serves_http
        }
        assert CONTAINERS["nginx"]["depends_on"] == services_of(present())


class TestDockerfile:
    def test_installs_by_hash_and_runs_as_nobody_important(self) -> None:
        text = (ROOT / "deploy" / "Dockerfile").read_text()
        assert "--require-hashes -r" in text
        assert re.findall(r"^USER (\w+)", text, re.MULTILINE)[-1] == "nginx"
        assert "USER relais" in text
