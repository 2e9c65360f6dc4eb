"""Lifts with the products of each point alone: moments of order d + 1, over sums of points."""

from certnn.relaxation.streamed.method import STREAMED_STEPS, StreamedIterate, StreamedLifts

__all__ = ["STREAMED_STEPS", "StreamedIterate", "StreamedLifts"]
