"""Long lists cost the same however long they are: what lies beyond the first pages is reached by filters."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.utils.formats import number_format

COUNTED = 10_000  # rows: nobody pages further, and counting a million takes longer than showing fifty


class AtLeast(int):
    """A number that was not counted to its end: it reads "10,000+", wherever a page shows it."""

    def __str__(self) -> str:
        return f"{number_format(int(self), force_grouping=True)}+"


class LongPaginator(Paginator):  # type: ignore[type-arg] # it takes none at run time
    """Counts, and pages through, the first `COUNTED` rows."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        found = rows.order_by()[: COUNTED + 1].count()
        return AtLeast(COUNTED) if found > COUNTED else found
