"""The operators' pages. A new integration needs none of its own: one page is built from what its service declares."""

from . import deliveries, erasures, integrations, leads, records, runs, schedules, tokens

__all__ = ["deliveries", "erasures", "integrations", "leads", "records", "runs", "schedules", "tokens"]
