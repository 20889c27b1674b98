"""Texts of others that stand in English, or badly, on German pages: listed here, they are translated with our own."""

from django.utils.translation import gettext_noop as noop

UNFOLD = (
    noop("Add row"),
    noop("After you've created a user, you’ll be able to edit more user options."),
    noop("All applications"),
    noop("Apply Filters"),
    noop("Choose file to upload"),
    noop("Click to cancel"),
    noop("Click to download"),
    noop("Collapse"),
    noop("Dark"),
    noop("Date"),
    noop("Date from"),
    noop("Date to"),
    noop("Expand row"),
    noop("False"),
    noop("Filters"),
    noop("Forgotten your password or username?"),
    noop("From"),
    noop("General"),
    noop("Go back"),
    noop("Image preview"),
    noop("Light"),
    noop("Loading more results..."),
    noop("More actions"),
    noop("Next"),
    noop("No data"),
    noop("No recent searches"),
    noop("No results found"),
    noop("No results matching your query"),
    noop("Previous"),
    noop(
        "Raw passwords are not stored, so there is no way to see this user’s password, but you can change the password "
        'using <a href="{}" class="text-primary-600 dark:text-primary-500">this form</a>.'
    ),
    noop("Recent searches"),
    noop("Reset filters"),
    noop("Return to site"),
    noop("Run"),
    noop("Search apps and models..."),
    noop("Select action"),
    noop("Select action to run"),
    noop("Select all rows"),
    noop("Select record"),
    noop("Select value"),
    noop("Submit"),
    noop("System"),
    noop("This item will be deleted."),
    noop("This page yielded into no results. Create a new item or reset your filters."),
    noop("To"),
    noop("Toggle password visibility"),
    noop("True"),
    noop("Type to search"),
    noop("Value"),
    noop("Welcome back to"),
    noop("You have been successfully logged out from the administration"),
)
DJANGO = (
    noop("Disabled"),
    noop("Enabled"),
    noop("Password-based authentication"),
    noop(
        "Whether the user will be able to authenticate using a password or not. If disabled, they may still be able to "
        "authenticate using other backends, such as Single Sign-On or LDAP."
    ),
)
CELERY_BEAT = (
    noop('Cron Days Of The Week to Run. Use "*" for "all", Sunday is 0 or 7, Monday is 1. (Example: "0,5")'),
    noop('Cron Months (1-12) Of The Year to Run. Use "*" for "all". (Example: "1,12")'),
    noop("Set to False to disable the schedule"),
)
