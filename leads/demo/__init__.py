"""What a fresh installation shows: four whitepapers, and a file of leads to import."""

from pathlib import Path

from django.core.files.base import ContentFile

from leads.demo.pdf import one_page
from leads.demo.texts import TEXTS
from leads.models import Whitepaper

LEADS_CSV = Path(__file__).parent / "leads.csv"


def create() -> None:
    """Safe to repeat: whitepapers that exist stay as they are."""
    existing = set(Whitepaper.objects.values_list("slug", flat=True))
    for slug, texts in TEXTS.items():
        if slug not in existing:
            whitepaper = Whitepaper(slug=slug, published=True, **texts)
            whitepaper.file.save(f"{slug}.pdf", ContentFile(one_page(texts["title_en"])))
