"""What a domain function returns: the next state and the facts to tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

State = TypeVar("State")
Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Decision(Generic[State, Told]):
    """The state to save and the facts to tell, decided together."""

    state: State
    facts: Sequence[Told] = ()
