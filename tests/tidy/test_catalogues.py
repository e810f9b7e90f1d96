"""Every sentence that a person reads has its French."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

import services
from chassis import problem, texts
from deploy.local.home import ROOT
from kernel.refusal import Refusal

#: Called with a sentence for a person, which ends with a full stop, or with words for programmers.
_GIVE_REASONS = {"reject", "ValueError"}


def modules_of(package: str) -> list[str]:
    found = importlib.import_module(package)
    names = [each.name for each in pkgutil.walk_packages(found.__path__, f"{package}.")]
    return [package, *(name for name in names if not name.endswith("__main__"))]


def sentences_of(package: str) -> set[str]:
    """The refusals' sentences, and the reasons that domain code gives for single fields."""
    found: set[str] = set()
    for name in modules_of(package):
        module = importlib.import_module(name)
        for each in vars(module).values():
            if inspect.isclass(each) and issubclass(each, Refusal) and each.__module__ == name:
                found.add(each.sentence())
        found |= _reasons_in(Path(inspect.getfile(module)))
    return found


def _reasons_in(source: Path) -> set[str]:
    """Sentences written where a reason is: `{"reason": "..."}`, `reject(field, "...")`, errors."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        texts_here: list[ast.expr | None] = []
        if isinstance(node, ast.Dict):
            texts_here = [
                value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and key.value == "reason"
            ]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in _GIVE_REASONS:
            texts_here = list(node.args)
        found |= {
            text.value
            for text in texts_here
            if isinstance(text, ast.Constant)
            and isinstance(text.value, str)
            and text.value.endswith(".")
        }
    return found


def untranslated(sentences: set[str], *, service: str | None = None) -> list[str]:
    return sorted(
        sentence
        for sentence in sentences
        if texts.translate(sentence, language="fr", service=service) == sentence
    )


SERVICES = [module.name for module in pkgutil.iter_modules(services.__path__)]


class TestCatalogues:
    def test_chassis_says_everything_in_french(self) -> None:
        sentences = sentences_of("kernel") | sentences_of("chassis")
        sentences |= set(problem._TITLES.values()) | set(problem._REASONS.values())
        sentences |= set(texts.ROLES.values())

        assert len(sentences) > 40
        assert untranslated(sentences) == []

    @pytest.mark.parametrize("service", SERVICES)
    def test_service_says_everything_in_french(self, service: str) -> None:
        sentences = sentences_of(f"services.{service}")

        assert sentences
        assert untranslated(sentences, service=service) == []

    @pytest.mark.parametrize("package", ["chassis", *(f"services.{name}" for name in SERVICES)])
    def test_french_has_the_placeholders_of_the_english(self, package: str) -> None:
        catalogue = ROOT.joinpath(*package.split("."), "locale", "fr.po")
        with catalogue.open("rb") as source:
            messages = [message for message in read_po(source, locale="fr") if message.id]

        assert messages
        for message in messages:
            english, french = (
                {name for _, name, _, _ in Formatter().parse(text) if name is not None}
                for text in (str(message.id), str(message.string))
            )
            assert french <= english, message.id
