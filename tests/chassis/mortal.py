"""A broker of a test module's own, to be starved and killed without disturbing other tests."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from deploy.local import rabbitmq
from deploy.local.child import Child, find_program
from deploy.local.home import Home
from deploy.local.ports import Ports
from tests.fix_stack import PASSWORD, free_slot, wipe

WEB_PORT = 8880


@dataclass(kw_only=True)
class MortalBroker:
    """The broker, and what can be done to it."""

    home: Home
    ports: Ports
    child: Child

    @property
    def url(self) -> str:
        return rabbitmq.private_url(port=self.ports.amqp, password=PASSWORD)

    def kill_and_restart(self) -> None:
        assert self.child.process
        self.child.process.send_signal(signal.SIGKILL)
        self.child.process.wait(10)
        self.child.start()
        self.child.wait_ready(limit_s=60)

    @contextmanager
    def short_of_memory(self) -> Iterator[None]:
        """Raise the memory alarm for real: the broker stops reading from publishers."""
        self._allow_memory("0.000001")
        try:
            yield
        finally:
            self._allow_memory("0.4")

    def _allow_memory(self, share: str) -> None:
        expression = f"vm_memory_monitor:set_vm_memory_high_watermark({share})."
        subprocess.run(
            [find_program("rabbitmqctl", first=rabbitmq.DEBIAN_SCRIPTS), "eval", expression],
            env=rabbitmq.node_environment(self.home, ports=self.ports),
            check=True,
            capture_output=True,
            timeout=30,
        )


@contextmanager
def mortal_broker() -> Iterator[MortalBroker]:
    with free_slot("test-mortal", web_port=WEB_PORT) as (home, ports):
        wipe(home)
        home.prepare()
        epmd, broker = rabbitmq.make_children(home, ports=ports, password=PASSWORD)
        try:
            epmd.start()
            epmd.wait_ready(limit_s=30)
            broker.start()
            broker.wait_ready(limit_s=60)
            yield MortalBroker(home=home, ports=ports, child=broker)
        finally:
            broker.stop()
            epmd.stop()
            wipe(home)
