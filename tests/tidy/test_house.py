"""Every tracked file keeps the house's form: docstrings, lengths, names, words."""

import ast
import re
import subprocess
from collections.abc import Iterator
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


PYTHON = tracked("*.py")


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
class TestModule:
    def test_says_in_its_first_line_what_it_is_for(self, path: Path) -> None:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))

    def test_fits_in_one_head(self, path: Path) -> None:
        count = len(path.read_text(encoding="utf-8").splitlines())
        is_test = path.is_relative_to(ROOT / "tests")
        assert count <= (TEST_FILE_LINES_MAX if is_test else FILE_LINES_MAX)

    def test_has_functions_that_fit_on_a_screen(self, path: Path) -> None:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        is_test = path.is_relative_to(ROOT / "tests")
        most = STORY_LINES_MAX if is_test else FUNCTION_LINES_MAX
        long = {
            function.name: length
            for function in functions(tree)
            if (length := (function.end_lineno or 0) - function.lineno + 1) > most
        }
        assert not long

    def test_has_a_name_that_says_something(self, path: Path) -> None:
        assert path.stem not in EMPTY_NAMES

    def test_skips_no_test_and_leaves_no_work_undone(self, path: Path) -> None:
        marks = ("pytest.mark." + "skip", "pytest.mark." + "xfail", "TO" + "DO", "FIX" + "ME")
        text = path.read_text(encoding="utf-8")
        assert [mark for mark in marks if mark in text] == []


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
