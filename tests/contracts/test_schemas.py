"""Each service's schema.sql is what its migrations add up to."""

import psycopg
import pytest
from psycopg.rows import dict_row

from deploy import schema
from deploy.contracts import service_names
from tests.fix_stack import FreshSchema


class TestSchema:
    @pytest.mark.parametrize("service", service_names())
    def test_is_the_sum_of_the_migrations(self, service: str, shared_schema: FreshSchema) -> None:
        made = shared_schema(service)
        with psycopg.connect(made.admin_url, row_factory=dict_row) as connection:
            drawn = schema.draw(connection, service)

        kept = (schema.FOLDER / service / "schema.sql").read_text(encoding="utf-8")
        assert drawn == kept, "write it anew: python -m deploy.schema URL"
