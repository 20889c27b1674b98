"""Payments through Stripe, with the money and the seat always agreeing."""
