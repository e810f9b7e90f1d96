"""Starts a whole stack and keeps it running until it is told to stop."""

import os
import sys
import threading
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from deploy.local import cards, keyring, mails, nginx, orphans, postgres, rabbitmq, services
from deploy.local.child import Child
from deploy.local.home import Home
from deploy.local.ports import Ports, require_free
from deploy.local.processes import ServiceProcess, services_of
from deploy.local.stack import Stack, running
from deploy.local.supervisor import Supervisor

SERVER_READY_WITHIN_S = 90.0
SERVICE_READY_WITHIN_S = 60.0
LEFTOVERS_WAIT_S = 10.0
READY = "relais: ready at"


class Launch:
    """One start of one stack: what is to run, and the order in which it comes up."""

    def __init__(
        self, home: Home, *, ports: Ports, processes: Sequence[ServiceProcess], with_demo: bool
    ) -> None:
        self.home = home
        self.ports = ports
        self.with_demo = with_demo
        self.processes = processes
        self.services = services_of(processes)
        self.keyring = keyring.load(home, services=self.services)
        self.plays_stripe = cards.stand_in_runs(processes)
        self.keeps_mails = mails.mailbox_runs(processes)
        self.own_database = os.environ.get("DATABASE_URL") or ""
        self.own_broker = os.environ.get("AMQP_URL") or ""
        self.database_url = self.own_database or postgres.private_url(
            port=ports.postgres, password=self.keyring.postgres_password
        )
        self.amqp_url = self.own_broker or rabbitmq.private_url(
            port=ports.amqp, password=self.keyring.rabbitmq_password
        )
        self.supervisor = Supervisor(say=say, on_change=self._save_stack)
        self._serving = False
        self._saving = threading.Lock()

    def run(self) -> None:
        """Ends what a killed start left, then serves until a signal."""
        ended = end_orphans(self.home)
        if ended:
            say(f"ended {ended} processes that an earlier start had left running")
        require_free(self._ports(), web=self.ports.web)
        self.home.stack_file.unlink(missing_ok=True)
        try:
            self.supervisor.run(self._boot)
        finally:
            self.home.stack_file.unlink(missing_ok=True)
        say("stopped")

    def _boot(self) -> None:
        # RabbitMQ takes longest: it boots while PostgreSQL starts and the schemas are migrated.
        with ThreadPoolExecutor(max_workers=1) as beside:
            broker = beside.submit(self._start_broker)
            self._start_database()
            broker.result()
        self._start_services()
        self._serving = True
        self._save_stack()
        if self.with_demo:
            play_demo(Stack.load(self.home), first=not self.home.demo_file.exists())
        print(f"{READY} {self._web()}", flush=True)

    def _start_database(self) -> None:
        if not self.own_database:
            say("starting PostgreSQL")
            child = postgres.make_child(
                self.home, port=self.ports.postgres, password=self.keyring.postgres_password
            )
            self._start(child)
            self._wait(child, limit_s=SERVER_READY_WITHIN_S)
            postgres.make_database(
                postgres.private_url(
                    port=self.ports.postgres,
                    password=self.keyring.postgres_password,
                    database="postgres",
                ),
                name=postgres.DATABASE,
            )
        say(f"migrating the schemas of {len(self.services)} services")
        applied = services.migrate_schemas(
            self.database_url, services=self.services, keyring=self.keyring
        )
        say(f"schemas are up to date, {applied} migrations applied")

    def _start_broker(self) -> None:
        if self.own_broker:
            return
        say("starting RabbitMQ")
        epmd, broker = rabbitmq.make_children(
            self.home, ports=self.ports, password=self.keyring.rabbitmq_password
        )
        self._start(epmd)
        self._wait(epmd, limit_s=SERVER_READY_WITHIN_S)
        self._start(broker)
        self._wait(broker, limit_s=SERVER_READY_WITHIN_S)

    def _start_services(self) -> None:
        say(f"starting {len(self.processes)} service processes and nginx")
        children = [
            services.make_child(
                process,
                home=self.home,
                ports=self.ports,
                keyring=self.keyring,
                database_url=self.database_url,
                amqp_url=self.amqp_url,
            )
            for process in self.processes
        ]
        if self.plays_stripe:
            hearer = next(each for each in self.processes if each.name == cards.HEARER)
            stand_in = cards.make_child(
                self.home, ports=self.ports, hearer=hearer, keyring=self.keyring
            )
            children.append(stand_in)
        if self.keeps_mails:
            children.append(mails.make_child(self.home, ports=self.ports))
        web = nginx.make_child(self.home, ports=self.ports, processes=self.processes)
        self._start(*children, web)
        for child in (*children, web):
            self._wait(child, limit_s=SERVICE_READY_WITHIN_S)

    def _start(self, *children: Child) -> None:
        self.supervisor.add(children)

    def _wait(self, child: Child, *, limit_s: float) -> None:
        child.wait_ready(limit_s=limit_s, give_up=lambda: self.supervisor.stopping)
        say(f"{child.name} answers on port {child.port}")

    def _save_stack(self) -> None:
        if not self._serving:
            return
        with self._saving:
            Stack(
                web=self._web(),
                database_url=self.database_url,
                amqp_url=self.amqp_url,
                processes=running(self.supervisor.children),
                home=self.home.path,
            ).save(self.home)

    def _web(self) -> str:
        return f"http://127.0.0.1:{self.ports.web}"

    def _ports(self) -> list[int]:
        ports = self.ports
        private_database = [] if self.own_database else [ports.postgres]
        private_broker = [] if self.own_broker else [ports.amqp, ports.epmd, ports.distribution]
        served = [ports.of(process) for process in self.processes]
        stand_in = [ports.stripe] if self.plays_stripe else []
        mailbox = [ports.mail] if self.keeps_mails else []
        return [ports.web, *private_database, *private_broker, *served, *stand_in, *mailbox]


def say(sentence: str) -> None:
    """One line of progress, at once even when nobody but a log is listening."""
    sys.stdout.write(f"relais: {sentence}\n")
    sys.stdout.flush()


def end_orphans(home: Home) -> int:
    """Ends what still runs of a stack whose supervisor is gone; says how many processes."""
    folders = [*postgres.folders(home), home.path / "nginx"]
    return orphans.end(lambda: orphans.of_stack(home, folders=folders), wait_s=LEFTOVERS_WAIT_S)


def play_demo(stack: Stack, *, first: bool) -> None:
    """Loads the demonstration and plays its day, once; later starts show what the network knows.

    Trouble in it does not stop the stack.
    """
    from deploy import demo  # what only the first minute needs is not loaded by every command

    try:
        if first:
            say("loading the demonstration network")
            demo.load(stack)
            say("playing the demonstration day")
            Console().print(demo.play(stack))
        else:
            say("the demonstration is there; `relais demo` plays another day of it")
            Console().print(demo.know(stack))
        Console().out(demo.guide(Home(stack.home).demo_file, web=stack.web), highlight=False)
    except Exception:
        traceback.print_exc()
        say("the demonstration failed, as told above; the stack serves all the same")
