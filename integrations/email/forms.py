"""The words of a letter, in every language side by side."""

from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from integrations.models import LetterOverride
from leads.text import many_lines

from . import editing
from .letters import Letter
from .letters.words import Words, check

SUBJECT = LetterOverride.subject.field.max_length
BODY = LetterOverride.body.field.max_length


class WordsForm(forms.Form):
    """Starts from the words in use. `seen` is the version of them, so that nobody's change is lost."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, letter: type[Letter[Any]], data: Any = None) -> None:
        super().__init__(data)
        self.letter = letter
        self.fields["seen"].initial = editing.version(letter)
        for language, words in editing.current(letter).items():
            self.fields[f"subject_{language}"] = subject(words.subject)
            self.fields[f"body_{language}"] = body(words.body)

    def fields_of(self, language: str) -> list[BoundField]:
        return [self[f"subject_{language}"], self[f"body_{language}"]]

    def words(self) -> dict[str, Words]:
        """{language: what was typed}; of a form that was cleaned."""
        return {language: self.words_in(language) for language in editing.LANGUAGES}

    def words_in(self, language: str) -> Words:
        typed = [self.cleaned_data.get(f"{field}_{language}", "") for field in Words._fields]
        return Words(*map(many_lines, typed))

    def clean(self) -> None:
        for problem in check(self.letter, self.words()):
            field = f"{problem.field}_{problem.language}"
            if field not in self.errors:
                self.add_error(field, problem.message)


def subject(initial: str) -> forms.CharField:
    return forms.CharField(
        initial=initial, label=_("Subject"), max_length=SUBJECT, required=False, widget=UnfoldAdminTextInputWidget
    )


def body(initial: str) -> forms.CharField:
    return forms.CharField(
        initial=initial,
        label=_("Text"),
        max_length=BODY,
        required=False,
        strip=False,
        widget=UnfoldAdminTextareaWidget({"rows": 16, "spellcheck": "true"}),
    )
