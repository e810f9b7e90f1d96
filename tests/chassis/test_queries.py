"""Named SQL beside the store that uses it."""

import sys
from pathlib import Path

import pytest

from chassis import queries


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "sql_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""A package."""\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, folder.name, raising=False)
    return folder


class TestLoad:
    def test_reads_each_query_under_its_name_without_what_explains_it(self, package: Path) -> None:
        (package / "queries.sql").write_text(
            "-- What all of them have in common.\n\n"
            "-- name: find_one\n-- Why it is so.\n-- And this.\nSELECT 1;\n\n"
            "-- name: find_two\nSELECT 2  -- said on the line\n  FROM two;\n"
        )

        assert queries.load(package.name) == {
            "find_one": "SELECT 1;",
            "find_two": "SELECT 2  -- said on the line\n  FROM two;",
        }

    def test_refuses_a_name_that_stands_twice(self, package: Path) -> None:
        (package / "queries.sql").write_text("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;\n")

        with pytest.raises(ValueError, match="twice"):
            queries.load(package.name)
