"""Runs a service's method on a nameko worker and waits for what became of it."""

from collections.abc import Callable
from threading import Event
from typing import Any

_LOOK_S = 5.0


def call(
    entrypoint: Any, arguments: tuple[object, ...], *, meanwhile: Callable[[], None] | None = None
) -> Any:
    """Return the method's result or raise its exception; call `meanwhile` every few seconds."""
    done = Event()
    outcome: dict[str, Any] = {}

    def keep(_context: object, result: Any, exc_info: Any) -> tuple[Any, Any]:
        outcome.update(result=result, error=exc_info[1] if exc_info else None)
        done.set()
        return result, exc_info

    entrypoint.container.spawn_worker(entrypoint, arguments, {}, handle_result=keep)
    while not done.wait(_LOOK_S):
        if meanwhile is not None:
            meanwhile()
    if outcome["error"] is not None:
        raise outcome["error"]
    return outcome["result"]
