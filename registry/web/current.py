"""The registry that the running application serves."""

from __future__ import annotations

from typing import cast

from flask import current_app

from registry.services.context import Registry
from registry.services.portfolio.verify import PortfolioVerifier
from registry.services.verify import Verifier


def the_registry() -> Registry:
    """The registry of the current application."""
    return cast(Registry, current_app.extensions["registry"])


def the_verifier() -> Verifier:
    """Its verifier."""
    return cast(Verifier, current_app.extensions["verifier"])


def the_portfolio_verifier() -> PortfolioVerifier:
    """Its verifier of many certificates at once."""
    return cast(PortfolioVerifier, current_app.extensions["portfolio_verifier"])
