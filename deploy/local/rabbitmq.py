"""A private RabbitMQ and the port mapper its node registers with, both on the loopback only."""

import subprocess
import time
from pathlib import Path

from deploy.local import probe
from deploy.local.child import Child, find_program, plain_environment
from deploy.local.home import Home, write_private
from deploy.local.ports import Ports

USER = "relais"
VHOST = "relais"
DEBIAN_SCRIPTS = "/usr/lib/rabbitmq/bin"

ERLANG_OPTIONS = "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false"
TOOL_LIMIT_S = 30
TOOL_ATTEMPTS = 5


def private_url(*, port: int, password: str, vhost: str = VHOST) -> str:
    """The address of the private broker."""
    return f"amqp://{USER}:{password}@127.0.0.1:{port}/{vhost}"


def make_children(home: Home, *, ports: Ports, password: str) -> list[Child]:
    """The port mapper and the broker; the mapper must answer before the broker starts."""
    folder = home.folder("rabbitmq")
    _write_settings(folder, port=ports.amqp, password=password)
    environment = node_environment(home, ports=ports)
    return [
        Child(
            name="epmd",
            command=[find_program("epmd"), "-port", str(ports.epmd)],
            environment=environment,
            folder=home.folder("epmd"),
            port=ports.epmd,
            order=2,
            answers=lambda: probe.listens(ports.epmd),
            home=home,
        ),
        Child(
            name="rabbitmq",
            # Debian's own wrapper would change to the user rabbitmq: the script behind it does not.
            command=[find_program("rabbitmq-server", first=DEBIAN_SCRIPTS)],
            environment=environment,
            folder=folder,
            port=ports.amqp,
            order=1,
            answers=lambda: probe.amqp_greets(ports.amqp),
            home=home,
            stop_wait_s=30.0,
        ),
    ]


def make_vhost(home: Home, *, ports: Ports, name: str) -> None:
    """A further vhost, empty, for the broker's one user: each test module has one of its own."""
    expression = (
        f'rabbit_vhost:add(<<"{name}">>, <<"{USER}">>), '
        "rabbit_auth_backend_internal:set_permissions("
        f'<<"{USER}">>, <<"{name}">>, <<".*">>, <<".*">>, <<".*">>, <<"{USER}">>).'
    )
    for attempt in range(1, TOOL_ATTEMPTS + 1):
        done = subprocess.run(
            [find_program("rabbitmqctl", first=DEBIAN_SCRIPTS), "eval", expression],
            env=node_environment(home, ports=ports),
            check=attempt == TOOL_ATTEMPTS,
            capture_output=True,
            timeout=TOOL_LIMIT_S,
        )
        # A node that greets on its port may still say "unavailable" to its tools for a moment.
        if done.returncode == 0:
            return
        time.sleep(1.0)


def node_environment(home: Home, *, ports: Ports) -> dict[str, str]:
    """What the node and its command line tools must agree on; nothing of /etc/rabbitmq is read."""
    folder = home.folder("rabbitmq")
    return plain_environment() | {
        "HOME": str(folder),  # the Erlang cookie lies there
        "LC_ALL": "C.UTF-8",
        "ERL_EPMD_PORT": str(ports.epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": "relais@localhost",
        "RABBITMQ_DIST_PORT": str(ports.distribution),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(folder / "node.pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_OPTIONS,
        # The script then becomes the node instead of watching it: one process, the one to signal.
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def _write_settings(folder: Path, *, port: int, password: str) -> None:
    (folder / "rabbitmq-env.conf").write_text("")
    (folder / "enabled_plugins").write_text("[].\n")
    settings = {
        "listeners.tcp.local": f"127.0.0.1:{port}",
        "default_user": USER,
        "default_pass": password,
        "default_vhost": VHOST,
        # A nearly full disk of a workstation must not block publishers.
        "disk_free_limit.absolute": "50MB",
        "raft.wal_max_size_bytes": "67108864",
        "log.console": "true",
        "log.console.level": "warning",
        "log.file": "false",
    }
    lines = [f"{name} = {value}\n" for name, value in settings.items()]
    write_private(folder / "rabbitmq.conf", content="".join(lines))
