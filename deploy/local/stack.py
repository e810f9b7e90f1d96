"""What runs where: the file `stack.json` that clients, tests and the demonstration read."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local import postgres, probe
from deploy.local.child import Child
from deploy.local.home import Home, Trouble, write_private


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One process of a stack; between a death and the next start the pid is the dead one's."""

    name: str
    pid: int
    port: int
    metrics: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack that serves: its addresses, with an administrator's credentials, and processes."""

    web: str
    database_url: str
    amqp_url: str
    processes: tuple[Running, ...]
    home: Path

    @classmethod
    def load(cls, home: Home) -> "Stack":
        """Reads what the running supervisor keeps up to date."""
        if home.supervisor_pid() is None or not home.stack_file.exists():
            raise Trouble("no stack runs here: start one with `make run` or `relais up --detach`.")
        kept = json.loads(home.stack_file.read_text())
        processes = tuple(Running(**each) for each in kept.pop("processes"))
        return cls(**kept, processes=processes, home=home.path)

    def save(self, home: Home) -> None:
        """Replaces the file whole; it holds passwords, so only its owner may read it."""
        kept = asdict(self)
        del kept["home"]
        write_private(home.stack_file, content=json.dumps(kept, indent=2) + "\n")

    def answers(self, process: Running) -> bool:
        """Whether a process serves: a service by its own word, a server by a first exchange."""
        if process.metrics:
            return probe.http_ok(process.port, path="/readyz")
        match process.name:
            case "postgres":
                return postgres.accepts(self.database_url)
            case "rabbitmq":
                return probe.amqp_greets(process.port)
            case "nginx":
                return probe.http_ok(process.port, path="/services")
            case "stripe":
                return probe.http_ok(process.port, path="/readyz")
        return probe.listens(process.port)

    def process(self, name: str) -> Running:
        """The process of that name."""
        return next(process for process in self.processes if process.name == name)


def running(children: Iterable[Child]) -> tuple[Running, ...]:
    """The children as the file shows them."""
    return tuple(
        Running(name=child.name, pid=child.process.pid, port=child.port, metrics=child.metrics)
        for child in children
        if child.process
    )
