"""All letters."""
