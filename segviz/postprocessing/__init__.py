"""From scores to label images: the dense CRF."""

from __future__ import annotations

from segviz.postprocessing.dense_crf import dense_crf, dense_crf_steps

__all__ = ["dense_crf", "dense_crf_steps"]
