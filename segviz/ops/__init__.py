"""Convolution arithmetic in numpy: the reference for everything else."""
