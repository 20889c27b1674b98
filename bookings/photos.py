"""Consultants' photos as the pages show them: small, square, and without what a camera writes into its files.

Uploads lie where whitepapers lie, which no address serves; these are made anew and kept in the cache.
"""

from io import BytesIO

from django.core.cache import cache
from PIL import Image, ImageOps

from bookings.models import Consultant

SIDE = 320  # pixels: twice what the widest place shows
KEPT = 24 * 60 * 60  # seconds
TYPE = "image/jpeg"


def portrait(consultant: Consultant) -> bytes:
    """A JPEG of the photo. Raises OSError where there is none, or none that can be read."""
    key = f"portrait:{consultant.pk}:{consultant.photo.name}"
    made: bytes | None = cache.get(key)
    if made is None:
        made = shrunk(consultant)
        cache.set(key, made, KEPT)
    return made


def shrunk(consultant: Consultant) -> bytes:
    if not consultant.photo:
        raise FileNotFoundError
    with consultant.photo.open("rb") as file, Image.open(file) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
        small = ImageOps.fit(upright, (SIDE, SIDE), centering=(0.5, 0.3))  # faces are above the middle
    made = BytesIO()
    small.save(made, "JPEG", quality=85)
    return made.getvalue()
