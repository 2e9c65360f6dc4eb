"""The level regions: a lift for each direction of the outputs and each region of weight space."""

from certnn.relaxation.interior.regions.rounds import RegionsIterate, region_rounds

__all__ = ["RegionsIterate", "region_rounds"]
