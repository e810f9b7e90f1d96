"""What a process is told by its environment, and what it says when that is not enough."""

import pytest
from pydantic import ValidationError

from chassis.settings import PARTS, Settings, what_is_missing

ENVIRONMENT = {
    "DATABASE_URL": "postgresql://a",
    "AMQP_URL": "amqp://a",
    "RELAIS_VERIFY_KEY": "key-of-the-tests",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


class TestSettings:
    def test_run_every_part_unless_told_otherwise(self, environment: pytest.MonkeyPatch) -> None:
        assert Settings().parts == frozenset(PARTS)

        environment.setenv("RELAIS_PARTS", " http, ,relay")
        assert Settings().parts == {"http", "relay"}

    def test_refuse_a_part_that_nobody_knows(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("RELAIS_PARTS", "http,till")

        with pytest.raises(ValueError, match="till"):
            assert Settings().parts

    @pytest.mark.parametrize("name", ENVIRONMENT)
    @pytest.mark.parametrize("value", [None, "", "  "])
    def test_refuse_a_secret_that_is_empty_and_never_invent_one(
        self, environment: pytest.MonkeyPatch, name: str, value: str | None
    ) -> None:
        if value is None:
            environment.delenv(name)
        else:
            environment.setenv(name, value)

        with pytest.raises(ValidationError) as error:
            Settings()
        assert what_is_missing(error.value).startswith(f"{name}: ")

    def test_show_no_secret_when_they_are_printed(self, environment: pytest.MonkeyPatch) -> None:
        assert "key-of-the-tests" not in repr(Settings()) + str(Settings())

    @pytest.mark.parametrize(
        ("name", "value"), [("HTTP_WORKERS_MAX", "0"), ("DATABASE_CONNECTIONS_MAX", "many")]
    )
    def test_name_a_limit_that_is_none_without_its_value(
        self, environment: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        environment.setenv(name, value)

        with pytest.raises(ValidationError) as error:
            Settings()
        assert what_is_missing(error.value).startswith(f"{name}: ")
        assert "many" not in what_is_missing(error.value)
