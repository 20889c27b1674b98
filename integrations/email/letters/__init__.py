"""All letters."""

from typing import Any

from .base import Letter
from .composing import compose
from .staff import TestLetter

LETTERS: dict[str, type[Letter[Any]]] = {letter.name: letter for letter in [TestLetter]}

__all__ = ["LETTERS", "Letter", "TestLetter", "compose"]
