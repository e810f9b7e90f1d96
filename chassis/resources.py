"""What one process holds once and its entry points share: settings, database, verifier, turns."""

from functools import cached_property
from typing import Any

from nameko.extensions import DependencyProvider, SharedExtension

from chassis import settings as process_settings
from chassis.auth import Verifier
from chassis.batch import Batch, Run
from chassis.db import Database
from chassis.revocations import Watch
from chassis.settings import Settings
from chassis.turns import Turns


class Resources(SharedExtension):  # type: ignore[misc]  # nameko has no types
    """Opened on first use, closed when the container stops."""

    @property
    def settings(self) -> Settings:
        """The settings every service shares."""
        return process_settings.current()

    @cached_property
    def database(self) -> Database:
        """The service's own schema."""
        return Database(
            self.settings.database_url.get_secret_value(),
            schema=self.container.service_name,
            settings=self.settings,
        )

    @cached_property
    def steady_database(self) -> Database:
        """The same for group commits: a report that takes every connection stops no sale."""
        return Database(
            self.settings.database_url.get_secret_value(),
            schema=self.container.service_name,
            settings=self.settings,
            steady=True,
        )

    @cached_property
    def verifier(self) -> Verifier:
        """Checks the callers' tokens."""
        key = self.settings.relais_verify_key.get_secret_value()
        return Verifier(key, is_ended=self.watch.is_ended)

    @cached_property
    def watch(self) -> Watch:
        """Knows whose access has ended."""
        return Watch(self.database, poll_s=self.settings.access_poll_s)

    @cached_property
    def turns(self) -> Turns:
        """Who works on which Idempotency-Key."""
        return Turns()

    def stop(self) -> None:
        """Close the database once no worker uses it."""
        for name in ("database", "steady_database"):
            if name in vars(self):
                getattr(self, name).close()


class DatabaseProvider(DependencyProvider):  # type: ignore[misc]
    """Gives a service's methods their database, for the few that open transactions themselves."""

    resources = Resources()

    def get_dependency(self, worker_ctx: object) -> Database:
        """Return the shared database."""
        return self.resources.database


class SettingsProvider(DependencyProvider):  # type: ignore[misc]
    """Gives a service's methods what this process was told by its environment."""

    resources = Resources()

    def get_dependency(self, worker_ctx: object) -> Settings:
        """Return the settings every service shares."""
        return self.resources.settings


class WatchProvider(DependencyProvider):  # type: ignore[misc]
    """Follows whose access has ended, in every process that answers callers."""

    resources = Resources()
    _thread: Any = None

    def setup(self) -> None:
        """Know what is known before the first caller is let in."""
        if "http" in self.resources.settings.parts:
            self.resources.watch.read()

    def start(self) -> None:
        """Start following."""
        if "http" in self.resources.settings.parts:
            self._thread = self.container.spawn_managed_thread(self.resources.watch.run, "access")

    def stop(self) -> None:
        """Stop following."""
        if self._thread is not None:
            self.resources.watch.stop()
            self._thread.kill()


class BatchProvider(DependencyProvider):  # type: ignore[misc]
    """Gives a service's methods a group commit: `make_run(database)` is what runs a batch."""

    resources = Resources()

    def __init__(self, make_run: Any, *, kind: str) -> None:
        self._make_run = make_run
        self._kind = kind

    @cached_property
    def _batch(self) -> Batch[Any, Any]:
        run: Run[Any, Any] = self._make_run(self.resources.steady_database)
        return Batch(run, kind=self._kind, count_max=self.resources.settings.sale_batch_count_max)

    def get_dependency(self, worker_ctx: object) -> Batch[Any, Any]:
        """Return the one batch of this process."""
        return self._batch
