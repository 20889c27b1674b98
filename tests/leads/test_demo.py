"""The demo's whitepapers."""

import pytest

from leads import demo
from leads.models import Whitepaper


@pytest.mark.django_db
def test_demo_whitepapers_exist_once_in_both_languages_with_a_file() -> None:
    demo.create()
    demo.create()

    papers = list(Whitepaper.objects.published())
    assert len(papers) == 4
    assert all(paper.title_en and paper.title_de and paper.description_de for paper in papers)
    assert all(paper.file.read().startswith(b"%PDF-") for paper in papers)
