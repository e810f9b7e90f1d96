"""Every tracked file keeps the house's form: docstrings, lengths, names, words."""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.home import ROOT
from tests.tidy.sources import refusals

FUNCTION_LINES_MAX = 60
#: A journey is a story told from its beginning to its end.
STORY_LINES_MAX = 70
FILE_LINES_MAX = 400
TEST_FILE_LINES_MAX = 600
#: What a module may not be called, because the name says nothing of what is in it.
EMPTY_NAMES = {"utils", "helpers", "common", "misc", "manager", "info", "stuff"}
#: Put together here, so that this file does not hold them either.
HOSTS = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))]
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|root|opt)/\w")


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]
    assert found, f"git knows no file like {patterns}"
    return found


@dataclass(frozen=True, slots=True)
class Module:
    """A Python file of ours, read once."""

    name: str
    text: str
    tree: ast.Module

    @property
    def is_test(self) -> bool:
        return self.name.startswith("tests/")


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    return [
        Module(str(path.relative_to(ROOT)), text, ast.parse(text))
        for path in tracked("*.py")
        for text in [path.read_text(encoding="utf-8")]
    ]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


class TestModules:
    """Each names all that break a rule: a test a file would be a third of the suite's tests."""

    def test_say_in_their_first_line_what_they_are_for(self, modules: list[Module]) -> None:
        assert [each.name for each in modules if not ast.get_docstring(each.tree)] == []

    def test_fit_in_one_head(self, modules: list[Module]) -> None:
        lengths = {each: len(each.text.splitlines()) for each in modules}
        assert [
            (each.name, length)
            for each, length in lengths.items()
            if length > (TEST_FILE_LINES_MAX if each.is_test else FILE_LINES_MAX)
        ] == []

    def test_have_functions_that_fit_on_a_screen(self, modules: list[Module]) -> None:
        assert [
            (each.name, function.name, length)
            for each in modules
            for function in functions(each.tree)
            for length in [(function.end_lineno or 0) - function.lineno + 1]
            if length > (STORY_LINES_MAX if each.is_test else FUNCTION_LINES_MAX)
        ] == []

    def test_have_names_that_say_something(self, modules: list[Module]) -> None:
        assert [each.name for each in modules if Path(each.name).stem in EMPTY_NAMES] == []

    def test_skip_no_test_and_leave_no_work_undone(self, modules: list[Module]) -> None:
        marks = ("pytest.mark." + "skip", "pytest.mark." + "xfail", "TO" + "DO", "FIX" + "ME")
        assert [(each.name, mark) for each in modules for mark in marks if mark in each.text] == []

    def test_take_no_day_from_a_clock_of_another_country(self, modules: list[Module]) -> None:
        """In the trade a day begins in Paris; `business_date` says which one an instant is of."""
        wrong = re.compile(r"now\((?:UTC)?\)(?:\.date\(\)|\.year|\.month|:%)|date\.today\(\)")
        assert [(each.name, found) for each in modules for found in wrong.findall(each.text)] == []


class TestTree:
    def test_names_no_package_registry_and_no_path_of_a_machine(self) -> None:
        named = []
        for path in tracked():
            text = path.read_bytes().decode("utf-8", errors="replace")
            if any(host in text for host in HOSTS) or MACHINE_PATHS.search(text):
                named.append(str(path.relative_to(ROOT)))
        assert named == []

    def test_gives_every_migration_its_place_and_its_moment(self) -> None:
        names = [path.name for path in tracked("*/migrations/*.sql")]
        assert [n for n in names if not re.fullmatch(r"\d{4}_(pre|post)_[a-z0-9_]+\.sql", n)] == []

    def test_numbers_the_migrations_of_a_schema_without_a_gap(self) -> None:
        for folder in {path.parent for path in tracked("*/migrations/*.sql")}:
            numbers = sorted(int(path.name[:4]) for path in folder.glob("*.sql"))
            assert numbers == list(range(1, len(numbers) + 1)), folder


class TestRefusals:
    def test_have_codes_of_their_own_that_name_their_service(self) -> None:
        codes: dict[str, str] = {}
        for refusal in refusals():
            owner = refusal.__module__.split(".")
            where = f"{refusal.__module__}.{refusal.__name__}"
            assert codes.setdefault(refusal.code, where) == where, f"{refusal.code} stands twice"
            if owner[0] == "services":
                assert refusal.code.split(".")[0] == owner[1], where
                assert re.fullmatch(r"[a-z]+\.[a-z_]+\.[a-z_]+", refusal.code), refusal.code
