"""Lifts whose products are priced: an interior point method for many columns."""

from certnn.relaxation.interior.priced.method import PricedIterate, PricedLifts

__all__ = ["PricedIterate", "PricedLifts"]
