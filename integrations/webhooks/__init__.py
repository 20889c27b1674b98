"""Signed messages about leads to any address that an operator enters."""
