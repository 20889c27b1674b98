"""The page on which people see what we hold of them, and decide about it. A link in our letters leads there."""

from .links import Link, link, opened
from .sections import SECTIONS, Section

__all__ = ["SECTIONS", "Link", "Section", "link", "opened"]
