"""Starts one service in this process: patch, check, serve, stop in order.

The order of the first lines is the reason for this module: eventlet patches the standard library
and psycopg is told how to wait before anything imports either (docs/decisions/0001).
"""

import gc
import importlib
import importlib.util
import os
import signal
import sys
from typing import Any


def run(service: str) -> None:
    """Serve `services.<service>` until SIGTERM or SIGINT."""
    os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"
    gc.disable()  # what is loaded at the start stays: looking through it takes a tenth of a start
    import eventlet

    eventlet.monkey_patch()
    _serve(service)


def _serve(service: str) -> None:
    import eventlet
    import nameko
    from pydantic import ValidationError

    from chassis import log, settings

    try:
        current = settings.current()
        _check_own_settings(service)
    except ValidationError as error:
        sys.exit(f"{service} cannot start: {settings.what_is_missing(error)}")
    log.set_up(level=current.relais_log_level)
    nameko.config.setup({"max_workers": current.http_workers_max})

    from nameko.runners import ServiceRunner

    from chassis.db import Database, assert_hub_is_free
    from chassis.service import Base

    service_class: Any = importlib.import_module(f"services.{service}.service").SERVICE
    if not issubclass(service_class, Base):
        sys.exit(f"{service} cannot start: without chassis.service.Base its facts stay unsaid")
    database = Database(current.database_url.get_secret_value(), schema=service, settings=current)
    assert_hub_is_free(database)
    database.close()

    runner = ServiceRunner()
    runner.add_service(service_class)

    def stop(signum: int, frame: object) -> None:
        # A signal handler runs in the hub and may not wait there.
        eventlet.spawn_n(runner.stop)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    _listen_to_signals()
    runner.start()
    _spare_the_collector()
    runner.wait()


def _spare_the_collector() -> None:
    """Look for garbage less often, and not among what was loaded at the start: it stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()


def _listen_to_signals() -> None:
    """Have the hub hear a signal as it hears a socket.

    Python goes on polling after a signal handler has returned (PEP 475), so an idle process would
    see what the handler asked for only at its next event: a byte in a pipe is one.
    """
    import eventlet

    heard, told = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)

    def empty() -> None:
        while os.read(heard, 64):  # eventlet's: it gives way to others until there is something
            pass

    eventlet.spawn(empty)


def _check_own_settings(service: str) -> None:
    """Read what the service is told besides: a secret of its own that is empty ends the start.

    Its settings' `at_start` reads what this process needs; without it, all of them are needed.
    """
    if importlib.util.find_spec(f"services.{service}.settings") is not None:
        own = importlib.import_module(f"services.{service}.settings")
        getattr(own, "at_start", own.current)()
