"""From scores to label images: overlapping tiles, and the dense CRF."""

from __future__ import annotations

from segviz.postprocessing.dense_crf import dense_crf, dense_crf_steps
from segviz.postprocessing.overlap_tile import overlap_tile

__all__ = ["dense_crf", "dense_crf_steps", "overlap_tile"]
