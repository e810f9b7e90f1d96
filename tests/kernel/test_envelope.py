"""The frame around every fact: what is written, and what is refused when it is read."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.envelope import Envelope, Malformed

ID = UUID("0192f0a0-0000-7000-8000-000000000001")
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
json_values = st.recursive(
    texts | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
envelopes = st.builds(
    Envelope,
    id=st.uuids(),
    type=texts,
    subject=texts,
    site=texts,
    time=st.datetimes(timezones=st.just(UTC)),
    data=st.dictionaries(texts, json_values, max_size=4),
    sequence=st.integers(0, 2**62),
    caused_by=st.none() | st.uuids(),
    traceparent=st.none() | texts,
)


def a_fact() -> Envelope:
    return Envelope(
        id=ID,
        type="recharges.sale.completed.v1",
        subject="sale-1",
        site="saint-denis",
        time=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
        data={"total_cents": 250, "label": "crédité"},
        sequence=3,
    )


def written(**changes: Any) -> bytes:
    attributes = json.loads(a_fact().to_json()) | changes
    return json.dumps({k: v for k, v in attributes.items() if v is not ...}).encode()


class TestEnvelope:
    def test_is_a_cloud_event_with_our_extensions(self) -> None:
        assert json.loads(a_fact().to_json()) == {
            "specversion": "1.0",
            "id": str(ID),
            "source": "/relais/recharges",
            "type": "recharges.sale.completed.v1",
            "subject": "sale-1",
            "time": "2026-11-21T09:30:00Z",
            "dataschema": "urn:relais:fact:recharges.sale.completed.v1",
            "datacontenttype": "application/json",
            "siteid": "saint-denis",
            "sequence": "3",
            "data": {"total_cents": 250, "label": "crédité"},
        }

    @given(fact=envelopes)
    def test_reads_what_it_writes(self, fact: Envelope) -> None:
        assert Envelope.from_json(fact.to_json()) == fact

    def test_reads_what_others_add_and_leaves_it(self) -> None:
        cause = uuid4()

        fact = Envelope.from_json(written(causedby=str(cause), newfield=1, traceparent="00-ab-01"))

        assert (fact.caused_by, fact.traceparent) == (cause, "00-ab-01")

    def test_keeps_what_it_holds_out_of_its_representation(self) -> None:
        assert "250" not in repr(a_fact())


class TestMalformed:
    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"", "no JSON"),
            (b"bonjour", "no JSON"),
            (b"\xff\xfe", "no JSON"),
            (b"[" * 100_000, "no JSON"),
            (b"[]", "no JSON object"),
            (b"null", "no JSON object"),
            (b"{}", "missing: specversion, id"),
            (written(siteid=...), "missing: siteid"),
            (written(specversion="0.3"), "specversion is '0.3'"),
            (written(id="7"), "cannot be read"),
            (written(id=7), "cannot be read"),
            (written(type=""), "type is no text"),
            (written(subject=None), "subject is no text"),
            (written(siteid=12), "siteid is no text"),
            (written(time="yesterday"), "cannot be read"),
            (written(time="2026-11-21T09:30:00"), "no time zone"),
            (written(time=0), "cannot be read"),
            (written(data=[1]), "data is no JSON object"),
            (written(sequence="third"), "cannot be read"),
            (written(sequence=float("inf")), "cannot be read"),
            (written(causedby="somebody"), "cannot be read"),
        ],
    )
    def test_says_why(self, body: bytes, reason: str) -> None:
        with pytest.raises(Malformed, match=reason):
            Envelope.from_json(body)

    @given(noise=st.binary(max_size=60))
    def test_is_all_that_noise_can_raise(self, noise: bytes) -> None:
        with pytest.raises(Malformed):
            Envelope.from_json(noise)

    @given(attribute=st.sampled_from(sorted(json.loads(a_fact().to_json()))), value=json_values)
    def test_is_all_that_a_strange_attribute_can_raise(self, attribute: str, value: object) -> None:
        try:
            fact = Envelope.from_json(written(**{attribute: value}))
        except Malformed:
            return
        assert isinstance(fact.time, datetime)
        assert isinstance(fact.sequence, int)
