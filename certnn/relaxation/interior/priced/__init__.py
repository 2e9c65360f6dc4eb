"""Lifts whose products are priced: an interior point method for many columns."""

from certnn.relaxation.interior.priced.method import PricedCost, PricedIterate, PricedLifts

__all__ = ["PricedCost", "PricedIterate", "PricedLifts"]
