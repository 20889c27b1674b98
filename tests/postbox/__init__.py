"""A made-up integration: what a new folder and one line in `settings.INTEGRATIONS` are worth."""
