"""Convolution arithmetic in numpy: the reference for everything else.

Plain arrays of shape (n,) or (H, W), one channel, no batch; names and results are torch's.
"""

from segviz.ops.convolution import conv1d, conv2d, convolution_indices
from segviz.ops.convolution_matrix import convolution_matrix_1d, convolution_matrix_2d
from segviz.ops.encoder_decoder import nearest_unet_sizes, unet_sizes
from segviz.ops.output_size import conv_output_size, conv_transpose_output_size, pool_output_size
from segviz.ops.pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from segviz.ops.transposed_convolution import (
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose_as_conv,
)
from segviz.ops.unpooling import max_unpool1d, max_unpool2d
from segviz.ops.upsampling import bed_of_nails, bilinear_kernel, upsample_bilinear, upsample_nearest

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "bed_of_nails",
    "bilinear_kernel",
    "conv1d",
    "conv2d",
    "conv_output_size",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose_as_conv",
    "conv_transpose_output_size",
    "convolution_indices",
    "convolution_matrix_1d",
    "convolution_matrix_2d",
    "max_pool1d",
    "max_pool2d",
    "max_unpool1d",
    "max_unpool2d",
    "nearest_unet_sizes",
    "pool_output_size",
    "unet_sizes",
    "upsample_bilinear",
    "upsample_nearest",
]
