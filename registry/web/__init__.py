"""Flask: translates HTTP to a service call and back. No rule lives here."""
