"""Wrong answers that students give, by exercise and task, each with what its check must say.

They are written as students write them, and know nothing of the tables in ``segviz.exercises``. The
sources of the exercises hold more of them.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from segviz.exercises import (
    atrous,
    encoder_decoder,
    network_size,
    transposed_convolution,
    unpooling,
)


def windows(x, k, stride=None):
    """The corner of each window, and its numbers, for max-pooling in ceil mode."""
    stride = stride or k
    shape = [-(-n // k) if stride == k else n - k + 1 for n in x.shape]
    corners = np.array([[i * stride, j * stride] for i, j in np.ndindex(*shape)])
    cut = [x[row : row + k, column : column + k] for row, column in corners]
    return corners, cut, shape


def pool(x, k, value=np.max, place=np.argmax, stride=None, width=None, dtype=float):
    corners, cut, shape = windows(x, k, stride)
    values, indices = np.zeros(shape, dtype), np.zeros(shape, int)
    for n, (corner, window) in enumerate(zip(corners, cut, strict=True)):
        values.flat[n] = value(window)
        row, column = np.unravel_index(place(window), window.shape) + corner
        indices.flat[n] = row * (width or x.shape[1]) + column
    return values, indices


def pool_from_zero(x, k):
    corners, cut, shape = windows(x, k)
    values, indices = np.zeros(shape), np.zeros(shape, int)
    for n, ((row, column), window) in enumerate(zip(corners, cut, strict=True)):
        for (a, b), number in np.ndenumerate(window):
            if number > values.flat[n]:
                values.flat[n] = number
                indices.flat[n] = (row + a) * x.shape[1] + column + b
    return values, indices


def pool_anywhere(x, k):
    values = pool(x, k)[0]
    return values, np.array([[np.argmax(x == number) for number in row] for row in values])


def pool_narrow(x, k):
    """The place inside a window by k, even where the last window has fewer columns."""
    corners, cut, shape = windows(x, k)
    values, indices = np.zeros(shape), np.zeros(shape, int)
    for n, (corner, window) in enumerate(zip(corners, cut, strict=True)):
        row, column = corner + divmod(int(window.argmax()), k)
        values.flat[n], indices.flat[n] = window.max(), row * x.shape[1] + column
    return values, indices


def unpool_copy(values, indices, size):
    output = np.zeros(size)
    output.flatten()[indices.ravel()] = values.ravel()
    return output


def unpool(values, indices, size, dtype=float):
    output = np.zeros(size, dtype)
    output.flat[indices.ravel()] = values.ravel()
    return output


def unpool_first(values, indices, size):
    output = np.zeros(size)
    output.flat[indices[0, 0]] = values[0, 0]
    return output


def unpool_in_order(values, indices, size):
    output = np.zeros(size)
    for index, value in zip(sorted(indices.ravel()), values.ravel(), strict=True):
        output.flat[index] = value
    return output


def unpool_by_guess(values, indices, size):
    output = np.zeros(size)
    for value, index in zip(values.ravel(), indices.ravel(), strict=True):
        row, column = divmod(index, 2 * values.shape[1])
        if row < size[0] and column < size[1]:
            output[row, column] = value
    return output


_POOL = unpooling
UNPOOLING = {
    "max_pool": [
        (_POOL._PARTS_SWAPPED, lambda x, k: pool(x, k)[::-1]),
        (
            _POOL._FROM_ONE,
            lambda x, k: (pool(x, k)[0], pool(x, k)[1] + 1),
        ),
        (_POOL._OVERLAPPING, lambda x, k: pool(x, k, stride=1)),
        (_POOL._AVERAGE, lambda x, k: pool(x, k, np.mean)),
        (_POOL._SMALLEST, lambda x, k: pool(x, k, np.min, np.argmin)),
        (_POOL._FROM_ZERO, pool_from_zero),
        (_POOL._CORNER, lambda x, k: pool(x, k, place=lambda window: 0)),
        (
            _POOL._WIDER,
            lambda x, k: pool(x, k, width=-(-x.shape[1] // k) * k),
        ),
        (_POOL._WHOLE, lambda x, k: pool(x, k, dtype=int)),
        (_POOL._ANYWHERE, pool_anywhere),
        (_POOL._NARROW, pool_narrow),
    ],
    "max_unpool": [
        (_POOL._PUT_FROM_ONE, lambda v, i, size: unpool(v, i - 1, size)),
        (_POOL._TURNED, lambda v, i, size: unpool(v, i, size).T),
        (_POOL._FIRST_ONLY, unpool_first),
        (
            _POOL._ONES,
            lambda v, i, size: unpool(np.ones_like(v), i, size),
        ),
        (_POOL._IN_ORDER, unpool_in_order),
        (_POOL._COPY, unpool_copy),
        (_POOL._GUESSED_ROW, unpool_by_guess),
        (_POOL._WHOLE, lambda v, i, size: unpool(v, i, size, int)),
    ],
}


def stamps(x, kernel, step, length, dtype=float, spread=1):
    """Every product on its own place; those beyond the end are lost."""
    output = np.zeros(length, dtype)
    for i, j in product(range(len(x)), range(len(kernel))):
        if i * step + j * spread < length:
            output[i * step + j * spread] += x[i] * kernel[j]
    return output


def last_stamp(x, kernel, stride):
    for i, value in enumerate(x):
        output = np.zeros((len(x) - 1) * stride + len(kernel))
        output[i * stride : i * stride + len(kernel)] += value * kernel
    return output


def rows_of(kernel, n, stride, count, dtype=float):
    rows = np.zeros((count, n), dtype)
    for i, j in product(range(count), range(len(kernel))):
        if i * stride + j < n:
            rows[i, i * stride + j] = kernel[j]
    return rows


def spread_matrix(kernel, n, stride):
    spread = np.zeros(stride * (len(kernel) - 1) + 1)
    spread[::stride] = kernel
    return rows_of(spread, n, 1, n - len(spread) + 1)


def size(n, k, s, p, a, d):
    return (n - 1) * s + d * (k - 1) + 1 - 2 * p + a


_STAMP = transposed_convolution
TRANSPOSED = {
    "stamp": [
        (
            _STAMP._CUT_OFF,
            lambda x, w, s: stamps(x, w, s, (len(x) - 1) * s + len(w) - 1),
        ),
        (_STAMP._CUT_OFF, lambda x, w, s: stamps(x, w, s, len(x) * s)),
        (
            _STAMP._TOO_LONG,
            lambda x, w, s: stamps(x, w, s, len(x) * s + len(w)),
        ),
        (_STAMP._TOO_LONG, lambda x, w, s: padded_at_the_end(x, w, s)),
        (
            _STAMP._CROPPED,
            lambda x, w, s: stamps(x, w, s, (len(x) - 1) * s + len(w))[1:-1],
        ),
        (
            _STAMP._TOO_FAR,
            lambda x, w, s: stamps(x, w, s + 1, (len(x) - 1) * (s + 1) + len(w)),
        ),
        (
            _STAMP._PULLED_APART,
            lambda x, w, s: stamps(x, w, 1, len(x) + (len(w) - 1) * s, spread=s),
        ),
        (_STAMP._LAST_STAMP, last_stamp),
        (_STAMP._NAILS_BEHIND, lambda x, w, s: np.convolve(np.kron(x, np.eye(s)[0]), w)),
        (
            _STAMP._WHOLE,
            lambda x, w, s: stamps(x, w, s, (len(x) - 1) * s + len(w), int),
        ),
    ],
    "output_size": [
        (_STAMP._NO_ONE, lambda n, k, s, p, a, d: size(n, k, s, p, a, d) - 1),
        (_STAMP._NO_STRIDE, lambda n, k, s, p, a, d: size(n, k, 1, p, a, d)),
        (_STAMP._NO_KERNEL, lambda n, k, s, p, a, d: size(n, 1, s, p, a, d)),
        (_STAMP._SWAPPED, lambda n, k, s, p, a, d: size(n, k, d, p, a, s)),
        (_STAMP._WHOLE_REACH, lambda n, k, s, p, a, d: size(n, k + 1, s, p, a, d)),
        (_STAMP._WHOLE_REACH, lambda n, k, s, p, a, d: (n - 1) * s + d * k + 1 - 2 * p + a),
        (_STAMP._TAPS_TOO_FAR, lambda n, k, s, p, a, d: size(n, k, s, p, a, d + 1)),
        (_STAMP._PADDING_ONCE, lambda n, k, s, p, a, d: size(n, k, s, p, a, d) + p),
        (_STAMP._PADDING_LOST, lambda n, k, s, p, a, d: size(n, k, s, 0, a, d)),
        (_STAMP._PADDING_TAKEN, lambda n, k, s, p, a, d: size(n, k, s, p, -a, d)),
        (_STAMP._PADDING_TWICE, lambda n, k, s, p, a, d: size(n, k, s, p, 2 * a, d)),
    ],
    "matrix": [
        (
            _STAMP._MATRIX_CUT,
            lambda w, n, s: rows_of(w, n, s, -(-n // s)),
        ),
        (
            _STAMP._MATRIX_SHORT,
            lambda w, n, s: rows_of(w, n, s, (n - len(w)) // s),
        ),
        (
            _STAMP._MATRIX_EVERY,
            lambda w, n, s: rows_of(w, n, 1, n - len(w) + 1),
        ),
        (_STAMP._MATRIX_APART, spread_matrix),
        (
            _STAMP._MATRIX_STUCK,
            lambda w, n, s: rows_of(w, n, 0, (n - len(w)) // s + 1),
        ),
        (
            _STAMP._WHOLE,
            lambda w, n, s: rows_of(w, n, s, (n - len(w)) // s + 1, int),
        ),
    ],
}


def padded_at_the_end(x, kernel, stride):
    """Whole stamps, each followed by its gap: right wherever stamps overlap."""
    length = (len(x) - 1) * stride + max(len(kernel), stride)
    return stamps(x, kernel, stride, length)


def convolve(image, kernel, down, across, dtype=float):
    k_h, k_w = kernel.shape
    rows, columns = image.shape[0] - down * (k_h - 1), image.shape[1] - across * (k_w - 1)
    y = np.zeros((rows, columns), dtype)
    for r, c, i, j in product(range(rows), range(columns), range(k_h), range(k_w)):
        y[r, c] += kernel[i, j] * image[r + down * i, c + across * j]
    return y


def last_weight(image, kernel, rate):
    rows, columns = np.array(image.shape) - rate * (np.array(kernel.shape) - 1)
    for (i, j), weight in np.ndenumerate(kernel):
        y = weight * image[i * rate : i * rate + rows, j * rate : j * rate + columns]
    return y


def enlarged(image, kernel, rate):
    return convolve(image, np.kron(kernel, np.ones((rate, rate))), 1, 1)


def behind(image, kernel, rate, mode="constant"):
    reach = [(0, rate * (k - 1)) for k in kernel.shape]
    return convolve(np.pad(image, reach, mode=mode), kernel, rate, rate)


def square(image, kernel, rate):
    return convolve(image, kernel[:, : len(kernel)], rate, rate)


def field(layers, start=1, grow=lambda k, s, d: (k - 1) * d, jump=lambda j, k, s, d: j * s):
    r, j = start, 1
    for k, s, d in layers:
        r, j = r + grow(k, s, d) * j, jump(j, k, s, d)
    return r


def backwards(layers, one=0):
    r = 1
    for k, s, d in reversed(layers):
        r = (r - 1) * s + (k - 1) * d + one
    return r


def reached(rates, steps=(-1, 0, 1)):
    places = {sum(rates)}
    for rate in rates:
        places = {place + step * rate for place in places for step in steps}
    return sorted(places)


def seen(rates, steps=(-1, 0, 1)):
    return np.isin(np.arange(2 * sum(rates) + 1), reached(rates, steps))


_SEE = atrous
ATROUS = {
    "atrous2d": [
        (_SEE._COLUMNS_ONLY, lambda x, w, d: convolve(x, w, 1, d)),
        (_SEE._TURNED, lambda x, w, d: convolve(x, w, d, d).T),
        (_SEE._ENLARGED, enlarged),
        (
            _SEE._THINNED,
            lambda x, w, d: convolve(x[::d, ::d], w, 1, 1),
        ),
        (_SEE._AT_THE_END, behind),
        (_SEE._ROUND, lambda x, w, d: behind(x, w, d, "wrap")),
        (_SEE._SQUARE_KERNEL, square),
        (_SEE._WHOLE, lambda x, w, d: convolve(x, w, d, d, int)),
        (_SEE._LAST_WEIGHT, last_weight),
    ],
    "receptive_field": [
        (_SEE._RATE_FIRST, lambda layers: field([(k, d, s) for k, s, d in layers])),
        (_SEE._SPANS, lambda layers: field(layers, grow=lambda k, s, d: (k - 1) * d + 1)),
        (
            _SEE._MULTIPLIED,
            lambda layers: int(np.prod([(k - 1) * d + 1 for k, s, d in layers])),
        ),
        (_SEE._RATE_JUMPS, lambda layers: field(layers, jump=lambda j, k, s, d: j * s * d)),
        (_SEE._LAST_LEFT_OUT, lambda layers: field(layers[:-1])),
        (_SEE._FIRST_LEFT_OUT, lambda layers: field(layers[1:])),
        (_SEE._BACKWARDS, backwards),
        (_SEE._SUMMED, lambda layers: field(layers, jump=lambda j, k, s, d: j + s)),
    ],
    "seen": [
        (_SEE._STEPS, lambda rates: np.array(reached(rates)) - sum(rates)),
        (_SEE._ONE_SIDE, lambda rates: seen(rates, (0, 1))),
        (_SEE._HALF, lambda rates: seen(rates)[sum(rates) :]),
        (_SEE._UNSEEN, lambda rates: ~seen(rates)),
        (_SEE._COUNTED, lambda rates: seen(rates).sum()),
        (_SEE._SHORT, lambda rates: seen(rates)[:-1]),
    ],
}


def dice(overlap, below):
    return 1 - 2 * overlap / below


def dice_of(p, g):
    return dice(np.sum(p * g), np.sum(p**2) + np.sum(g**2))


def without_brackets(p, g):
    return 1 - 2 * np.sum(p * g) / np.sum(p**2) + np.sum(g**2)


def without_brackets_in_d(p, g):
    d = 2 * np.sum(p * g) / np.sum(p**2) + np.sum(g**2)
    return 1 - d


def unet_tested_at_the_bottom(n, depth):
    for _ in range(depth):
        n = n - 4
        if n % 2:
            return 0
        n = n // 2
    n = n - 4
    if n < 1:
        return 0
    for _ in range(depth):
        n = 2 * n - 4
    return n


def unet(n, depth, level=4, bottom=4, tested=True, pool_first=False, up_first=True):
    for _ in range(depth):
        n = n if pool_first else n - level
        if tested and (n < 1 or n % 2):
            return 0
        n = n // 2 - level * pool_first
    n = n - bottom
    for _ in range(depth):
        n = 2 * n - level if up_first else 2 * (n - level)
    return max(n, 0)


def bottom(n, depth):
    for _ in range(depth):
        n = (n - 4) // 2
    return n - 4


def fits_by_n(n, depth):
    """The right size, but n itself is tested, as for a network that pads."""
    return 0 if n % 2**depth else unet(n, depth)


def around(skip, size):
    (height, width), (h, w) = skip.shape[1:], size
    r, c = height // 2, width // 2
    return skip[:, r - h // 2 : r + h // 2, c - w // 2 : c + w // 2]


def cut(skip, axes, size, more=0):
    top, left = ((skip.shape[axis] - n) // 2 + more for axis, n in zip(axes, size, strict=True))
    rows, columns = slice(top, top + size[0]), slice(left, left + size[1])
    return skip[rows, columns] if axes == (0, 1) else skip[:, rows, columns]


def all_columns(skip, size):
    top = (skip.shape[1] - size[0]) // 2
    return skip[:, top : top + size[0]]


def to_rest(skip, size):
    (height, width), (h, w) = skip.shape[1:], size
    top, left = (height - h) // 2, (width - w) // 2
    return skip[:, top : height - top, left : width - left]


def halved_apart(skip, size):
    top, left = (n // 2 - m // 2 for n, m in zip(skip.shape[1:], size, strict=True))
    return skip[:, top : top + size[0], left : left + size[1]]


def too_soon(skip, size):
    top, left = (skip.shape[1] - size[0]) // 2, (skip.shape[2] - size[1]) // 2
    return skip[:, top : size[0], left : size[1]]


_CODER = encoder_decoder
ENCODER = {
    "dice_loss": [
        (_CODER._SQUARED_SUMS, lambda p, g: dice(np.sum(p * g), np.sum(p) ** 2 + np.sum(g) ** 2)),
        (_CODER._OF_BOTH, lambda p, g: dice(np.sum(p * g), np.sum((p + g) ** 2))),
        (_CODER._PLAIN_UNION, lambda p, g: 1 - np.sum(p * g) / np.sum(p + g - p * g)),
        (_CODER._NEGATIVE, lambda p, g: dice(np.sum(p * g), np.sum(p * p + g * g)) - 1),
        (
            _CODER._PER_SLICE,
            lambda p, g: (
                np.mean(
                    [dice(np.sum(a * b), np.sum(a * a + b * b)) for a, b in zip(p, g, strict=True)]
                )
                if p.ndim > 1
                else dice(np.sum(p * g), np.sum(p * p + g * g))
            ),
        ),
        (_CODER._CLASS_MEAN, lambda p, g: (dice_of(p, g) + dice_of(1 - p, 1 - g)) / 2),
        (_CODER._PER_VOXEL, lambda p, g: np.mean(dice(p * g, (p**2 + g**2).clip(1e-9)))),
        (_CODER._DIFFERENCE, lambda p, g: np.mean(abs(p - g))),
        (_CODER._NO_BRACKETS, without_brackets),
        (_CODER._NO_BRACKETS_IN_D, without_brackets_in_d),
        (_CODER._MATRIX, lambda p, g: dice(np.dot(p, g), np.sum(p**2) + np.sum(g**2))),
    ],
    "unet_size": [
        (_CODER._ONE_CONVOLUTION, lambda n, depth: unet(n, depth, 2, 2, tested=False)),
        (_CODER._FITS, lambda n, depth: unet(n, depth, 2, 2)),
        (_CODER._FITS, fits_by_n),
        (_CODER._WRONG_SIDE, lambda n, depth: unet(n, depth, pool_first=True, tested=False)),
        (_CODER._WRONG_SIDE, lambda n, depth: unet(n, depth, up_first=False)),
        (_CODER._USED_UP, unet_tested_at_the_bottom),
        (_CODER._ONE_LESS, lambda n, depth: unet(n, depth - 1)),
        (_CODER._ONE_MORE, lambda n, depth: unet(n, depth + 1)),
        (_CODER._BOTTOM, bottom),
        (_CODER._FOUR_EACH, lambda n, depth: unet(n, depth, 8, 8, tested=False)),
    ],
    "crop": [
        (_CODER._TOO_SOON, too_soon),
        (_CODER._AROUND, around),
        (_CODER._SIZE_TURNED, lambda skip, size: cut(skip, (1, 2), size[::-1])),
        (_CODER._CHANNELS_LAST, lambda skip, size: cut(skip, (0, 1), size)),
        (_CODER._ALL_COLUMNS, all_columns),
        (_CODER._TO_REST, to_rest),
        (_CODER._HALVED_APART, halved_apart),
        (_CODER._ONE_FURTHER, lambda skip, size: cut(skip, (1, 2), size, more=1)),
        (_CODER._ONE_CHANNEL, lambda skip, size: cut(skip, (1, 2), size)[:1]),
    ],
}


def multiply(places, weights=lambda k, c_in, c_out: k * k * c_in * c_out):
    """Wrong multiply-adds from the places along an axis, or from the weights."""

    def answer(size, kernel_size, in_channels, out_channels, stride, padding):
        rows, columns = (places(n, kernel_size, stride, padding) for n in size)
        return weights(kernel_size, in_channels, out_channels) * rows * columns

    return answer


def along(n, k, s, p):
    return (n + 2 * p - k) // s + 1


def stride_down(size, kernel_size, in_channels, out_channels, stride, padding):
    rows, columns = (
        along(size[0], kernel_size, stride, padding),
        along(size[1], kernel_size, 1, padding),
    )
    return kernel_size**2 * in_channels * out_channels * rows * columns


def maps(pictures, layers, rows=lambda n, s: -(-n // s), columns=lambda n, s: -(-n // s)):
    """The numbers of the picture and of each layer's output, for one picture."""
    _, channels, h, w = pictures
    found = [channels * h * w]
    for channels, stride in layers:
        h, w = rows(h, stride), columns(w, stride)
        found.append(channels * h * w)
    return found


def whole(n, s):
    return n


def halved(n, s):
    return n / s


def unpadded(n, s):
    return (n - 3) // s + 1


def before_stride(pictures, layers):
    _, channels, h, w = pictures
    found = [channels * h * w]
    for channels, stride in layers:
        found.append(channels * h * w)
        h, w = -(-h // stride), -(-w // stride)
    return found


def bytes_of(numbers):
    return lambda pictures, layers: 4 * pictures[0] * sum(numbers(pictures, layers))


_BILL = network_size
NETWORK = {
    "parameters": [
        (
            _BILL._NO_OUTPUTS,
            lambda k, c_in, c_out, bias: k**2 * c_in + c_out * bias,
        ),
        (
            _BILL._ADDED,
            lambda k, c_in, c_out, bias: k**2 * (c_in + c_out) + c_out * bias,
        ),
        (
            _BILL._DOUBLED,
            lambda k, c_in, c_out, bias: 2 * k * c_in * c_out + c_out * bias,
        ),
    ],
    "multiply_adds": [
        (_BILL._PLACES_ONLY, multiply(along, lambda k, c_in, c_out: 1)),
        (_BILL._ONE_AXIS, multiply(along, lambda k, c_in, c_out: k * c_in * c_out)),
        (_BILL._NO_INPUTS, multiply(along, lambda k, c_in, c_out: k * k * c_out)),
        (_BILL._NO_OUTPUTS, multiply(along, lambda k, c_in, c_out: k * k * c_in)),
        (_BILL._PADDING_ONCE, multiply(lambda n, k, s, p: (n + p - k) // s + 1)),
        (_BILL._NO_ONE, multiply(lambda n, k, s, p: (n + 2 * p - k) // s)),
        (_BILL._NO_KERNEL, multiply(lambda n, k, s, p: (n + 2 * p) // s + 1)),
        (_BILL._DIVIDED, multiply(lambda n, k, s, p: n // s)),
        (_BILL._FRACTION, multiply(lambda n, k, s, p: (n + 2 * p - k) / s + 1)),
        (_BILL._STRIDE_DOWN, stride_down),
    ],
    "kept_bytes": [
        (_BILL._IN_PLACE, bytes_of(lambda *given: [*maps(*given), *maps(*given)[1:]])),
        (_BILL._NO_STRIDES, bytes_of(lambda *given: maps(*given, rows=whole, columns=whole))),
        (_BILL._BEFORE_STRIDE, bytes_of(before_stride)),
        (_BILL._ONE_SIDE, bytes_of(lambda *given: maps(*given, columns=whole))),
        (_BILL._ONE_SIDE, bytes_of(lambda *given: maps(*given, rows=whole))),
        (_BILL._LAST_MAP, bytes_of(lambda *given: maps(*given)[-1:])),
        (_BILL._LAST_LEFT_OUT, bytes_of(lambda *given: maps(*given)[:-1])),
        (_BILL._EIGHT_BYTES, bytes_of(lambda *given: 2 * maps(*given))),
        (_BILL._UNPADDED, bytes_of(lambda *given: maps(*given, rows=unpadded, columns=unpadded))),
        (
            _BILL._FRACTION_KEPT,
            bytes_of(lambda *given: maps(*given, rows=halved, columns=halved)),
        ),
        (
            _BILL._OUTPUTS_OF_ONE,
            lambda pictures, layers: (
                4 * (pictures[0] * maps(pictures, layers)[0] + sum(maps(pictures, layers)[1:]))
            ),
        ),
    ],
}

WRONG_ANSWERS = {
    "unpooling": UNPOOLING,
    "transposed_convolution": TRANSPOSED,
    "atrous": ATROUS,
    "encoder_decoder": ENCODER,
    "network_size": NETWORK,
}
