"""Lifts with the products of each point alone: moments of order d + 1, over sums of points."""

from certnn.relaxation.streamed.method import StreamedIterate, StreamedLifts

__all__ = ["StreamedIterate", "StreamedLifts"]
