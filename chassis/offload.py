"""Work that keeps the processor busy in C, done on a native thread so that the hub goes on.

Nothing that logs or takes a lock of Python's: eventlet has made those its own (decision 0021).
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from eventlet import tpool

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def offload(
    work: Callable[Arguments, Answer], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Answer:
    """Call `work` on a native thread and wait for its answer without stopping the hub."""
    return cast(Answer, tpool.execute(work, *args, **kwargs))
