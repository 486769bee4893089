# %% [markdown] exercise={"withhold": ["segviz.ops", "segviz.plot", "segviz.widgets", "segviz.models", "segviz.explain_shapes", "segviz._trace", "segviz.cost", "torch", "torchvision"], "tolerance": 1e-6}
# # Exercise 09: the size of a network
#
# Three small functions, with plain Python alone: what a layer has to learn, what it has to compute,
# and what a stack of layers has to remember. Write each one where it says `NotImplementedError`, run
# its cell, then run the check below it. The text under each check is what you are after; running the
# check replaces it with what your function gives.
#
# Checks here are visible ones. The mark comes from hidden checks on other numbers. Write plain
# functions: no other part of `segviz`, nor torch, is there when your answers are judged.

# %% setup=true
from segviz.exercises import network_size as check

# %% [markdown]
# ## 1 Parameters (3 points)
#
# A convolution layer has one kernel of $k$ x $k$ weights for every pair of an input channel and an
# output channel, and, if it has biases, one for every output channel:
#
# $$\text{parameters} = k^2 \, C_\text{in} \, C_\text{out} \; (+ \; C_\text{out})$$

# %%
from segviz import plot

plot.show(check.parameters_picture(), alt="One output channel of a 3 x 3 layer with 2 input channels: two kernels of 9 weights, and one bias. 19 parameters.")

# %% answer="parameters"
def parameters(kernel_size: int, in_channels: int, out_channels: int, bias: bool) -> int:
    """The number of parameters of a 2-D convolution layer, with or without biases."""
    ### BEGIN SOLUTION
    weights = kernel_size**2 * in_channels * out_channels
    return weights + out_channels * bias
    ### END SOLUTION

# %% check="parameters"
check.parameters(parameters)

# %% [markdown]
# <details><summary>Hint 1</summary>Count for one output channel first, as in the picture.</details>
#
# <details><summary>Hint 2</summary>The size of the picture does not matter: the same kernel is used everywhere.</details>

# %% probe="parameters" points=1
for _ in range(6):
    k, c_in, c_out = map(int, rng.integers(2, 9, 3))
    show(parameters(k, c_in + 10, c_out + 20, False))

# %% probe="parameters" points=2
for _ in range(6):
    k, c_in, c_out = map(int, rng.integers(2, 9, 3))
    show(parameters(k, c_in + 10, c_out + 20, True))

# %% wrong="parameters" points=1 message="The biases are missing"
def parameters(kernel_size, in_channels, out_channels, bias):
    return kernel_size**2 * in_channels * out_channels

# %% wrong="parameters" points=2 message="Biases are counted though there are none"
def parameters(kernel_size, in_channels, out_channels, bias):
    return kernel_size**2 * in_channels * out_channels + out_channels

# %% wrong="parameters" points=1 message="One bias for each input channel"
def parameters(kernel_size, in_channels, out_channels, bias):
    return kernel_size**2 * in_channels * out_channels + in_channels * bias

# %% wrong="parameters" points=1 message="One bias for each kernel"
def parameters(kernel_size, in_channels, out_channels, bias):
    return (kernel_size**2 + bias) * in_channels * out_channels

# %% wrong="parameters" points=1 message="One bias for the whole layer"
def parameters(kernel_size, in_channels, out_channels, bias):
    return kernel_size**2 * in_channels * out_channels + bias

# %% wrong="parameters" points=0 message="The kernel has rows and columns"
def parameters(kernel_size, in_channels, out_channels, bias):
    return kernel_size * in_channels * out_channels + out_channels * bias

# %% wrong="parameters" points=0 message="The input channels are missing"
def parameters(kernel_size, in_channels, out_channels, bias):
    return kernel_size**2 * out_channels + out_channels * bias

# %% [markdown]
# ## 2 Multiply-adds (4 points)
#
# At every place of the output, every weight is multiplied once and added once. That is one
# multiply-add (some count it as two operations; here it is one). Biases are left out. Of $h$ x $w$
# pixels, a layer with stride $s$ and padding $p$ makes this many places:
#
# $$m_h = \left\lfloor \frac{h + 2p - k}{s} \right\rfloor + 1, \quad m_w \text{ likewise}, \qquad
# \text{multiply-adds} = k^2 \, C_\text{in} \, C_\text{out} \; m_h \, m_w$$

# %%
plot.show(check.multiply_adds_picture(), alt="A 3 x 3 kernel with stride 2 on 5 x 7 pixels: six places with 9 multiply-adds each; the pixels are read 54 times in all.")

# %% answer="multiply_adds"
def multiply_adds(
    size: tuple[int, int],
    kernel_size: int,
    in_channels: int,
    out_channels: int,
    stride: int,
    padding: int,
) -> int:
    """The multiply-adds of a 2-D convolution layer for one picture of size (h, w)."""
    ### BEGIN SOLUTION
    rows, columns = ((n + 2 * padding - kernel_size) // stride + 1 for n in size)
    return kernel_size**2 * in_channels * out_channels * rows * columns
    ### END SOLUTION

# %% check="multiply_adds"
check.multiply_adds(multiply_adds)

# %% [markdown]
# <details><summary>Hint 1</summary>How many weights are there, and how many places of the output?</details>
#
# <details><summary>Hint 2</summary>n // s rounds down: a window that does not fit any more makes no output.</details>

# %% probe="multiply_adds" points=1
for _ in range(4):
    h, c_in, c_out = map(int, rng.integers(2, 9, 3))
    show(multiply_adds((h + 10, h + 25), 3, c_in, c_out, 1, 1))
    show(multiply_adds((h + 30, h + 12), 5, c_in, c_out, 1, 2))

# %% probe="multiply_adds" points=2
for _ in range(6):
    h, w, c_in, c_out = map(int, rng.integers(2, 9, 4))
    show(multiply_adds((4 + 2 * h, 24 + 2 * w), 3, c_in, c_out, 2, 0))
    show(multiply_adds((29 + 3 * h, 7 + 3 * w), 5, c_in, c_out, 3, 0))

# %% probe="multiply_adds" points=1
for _ in range(6):
    h, w, c_in, c_out = map(int, rng.integers(2, 9, 4))
    show(multiply_adds((24 + 2 * h, 4 + 2 * w), 3, c_in, c_out, 2, 1))

# %% wrong="multiply_adds" points=1 message="The input's pixels are counted"
def multiply_adds(size, kernel_size, in_channels, out_channels, stride, padding):
    return kernel_size**2 * in_channels * out_channels * size[0] * size[1]

# %% wrong="multiply_adds" points=0 message="A multiply-add is counted as two"
def multiply_adds(size, kernel_size, in_channels, out_channels, stride, padding):
    rows, columns = ((n + 2 * padding - kernel_size) // stride + 1 for n in size)
    return 2 * kernel_size**2 * in_channels * out_channels * rows * columns

# %% wrong="multiply_adds" points=2 message="The padding is missing"
def multiply_adds(size, kernel_size, in_channels, out_channels, stride, padding):
    rows, columns = ((n - kernel_size) // stride + 1 for n in size)
    return kernel_size**2 * in_channels * out_channels * rows * columns

# %% wrong="multiply_adds" points=1 message="This is the count for stride=1"
def multiply_adds(size, kernel_size, in_channels, out_channels, stride, padding):
    rows, columns = (n + 2 * padding - kernel_size + 1 for n in size)
    return kernel_size**2 * in_channels * out_channels * rows * columns

# %% wrong="multiply_adds" points=1 message="A window that does not fit is counted"
def multiply_adds(size, kernel_size, in_channels, out_channels, stride, padding):
    rows, columns = (-(-(n + 2 * padding - kernel_size) // stride) + 1 for n in size)
    return kernel_size**2 * in_channels * out_channels * rows * columns

# %% wrong="multiply_adds" points=0 message="The picture is taken for a square"
def multiply_adds(size, kernel_size, in_channels, out_channels, stride, padding):
    rows = (size[0] + 2 * padding - kernel_size) // stride + 1
    return kernel_size**2 * in_channels * out_channels * rows**2

# %% wrong="multiply_adds" points=0 message="The biases are counted"
def multiply_adds(size, kernel_size, in_channels, out_channels, stride, padding):
    rows, columns = ((n + 2 * padding - kernel_size) // stride + 1 for n in size)
    return (kernel_size**2 * in_channels + 1) * out_channels * rows * columns

# %% wrong="multiply_adds" points=0 message="These are the weights"
def multiply_adds(size, kernel_size, in_channels, out_channels, stride, padding):
    return kernel_size**2 * in_channels * out_channels

# %% [markdown]
# ## 3 What training has to remember (3 points)
#
# Layers follow each other, each a 3x3 convolution with padding 1 and a ReLU that works in place.
# Training must keep the pictures and the output of every layer, for the way back. With a stride $s$,
# $h$ rows become $\lceil h / s \rceil$, and columns likewise. For $N$ pictures at a time:
#
# $$\text{bytes} = 4 \, N \sum_{l=0}^{L} C_l \, h_l \, w_l \qquad h_l = \lceil h_{l-1} / s_l \rceil,
# \quad w_l = \lceil w_{l-1} / s_l \rceil$$
#
# Number 0 is the picture. A number takes 4 bytes (float32).

# %%
plot.show(check.kept_picture(), alt="A picture of 3 x 4 x 8 and layers of 16 x 2 x 4 and 10 x 1 x 2: 96, 128 and 20 numbers, 384, 512 and 80 bytes.")

# %% answer="kept_bytes"
def kept_bytes(pictures: tuple[int, int, int, int], layers: list[tuple[int, int]]) -> int:
    """The bytes that training keeps of pictures of shape (N, C, H, W).

    Each layer is (out_channels, stride); the first one reads the pictures.
    """
    ### BEGIN SOLUTION
    n, channels, rows, columns = pictures
    numbers = channels * rows * columns
    for channels, stride in layers:
        rows, columns = -(-rows // stride), -(-columns // stride)
        numbers += channels * rows * columns
    return 4 * n * numbers
    ### END SOLUTION

# %% check="kept_bytes"
check.kept_bytes(kept_bytes)

# %% [markdown]
# <details><summary>Hint 1</summary>Go through the layers, and keep three numbers: rows, columns, and how much has been kept so far.</details>
#
# <details><summary>Hint 2</summary>-(-n // s) is n / s, rounded up.</details>
#
# <details><summary>Hint 3</summary>How many numbers has the picture itself? Begin with those.</details>

# %% probe="kept_bytes" points=1
for _ in range(4):
    a, b, c = map(int, rng.integers(2, 30, 3))
    show(kept_bytes((1, 3, 16 + a, 24 + b), [(a, 1), (b, 1), (c, 1)]))

# %% probe="kept_bytes" points=1
for _ in range(4):
    n, a, b, c = map(int, rng.integers(2, 30, 4))
    show(kept_bytes((n, 3, 8 * a, 8 * b), [(a, 1), (b, 2), (c, 2), (a, 2)]))

# %% probe="kept_bytes" points=1
for _ in range(4):
    a, b, c = map(int, rng.integers(2, 30, 3))
    show(kept_bytes((1, 1, 12 * a + 7, 12 * b + 5), [(a, 2), (b, 1), (c, 3)]))

# %% wrong="kept_bytes" points=0 message="The pictures are missing"
def kept_bytes(pictures, layers):
    n, _, rows, columns = pictures
    numbers = 0
    for channels, stride in layers:
        rows, columns = -(-rows // stride), -(-columns // stride)
        numbers += channels * rows * columns
    return 4 * n * numbers

# %% wrong="kept_bytes" points=0 message="These are numbers, not bytes"
def kept_bytes(pictures, layers):
    n, channels, rows, columns = pictures
    numbers = channels * rows * columns
    for channels, stride in layers:
        rows, columns = -(-rows // stride), -(-columns // stride)
        numbers += channels * rows * columns
    return n * numbers

# %% wrong="kept_bytes" points=2 message="This is for one picture"
def kept_bytes(pictures, layers):
    _, channels, rows, columns = pictures
    numbers = channels * rows * columns
    for channels, stride in layers:
        rows, columns = -(-rows // stride), -(-columns // stride)
        numbers += channels * rows * columns
    return 4 * numbers

# %% wrong="kept_bytes" points=1 message="The strides are missing"
def kept_bytes(pictures, layers):
    n, channels, rows, columns = pictures
    return 4 * n * rows * columns * (channels + sum(c for c, _ in layers))

# %% wrong="kept_bytes" points=1 message="Every stride is taken from the picture's size"
def kept_bytes(pictures, layers):
    n, channels, rows, columns = pictures
    numbers = channels * rows * columns
    for channels, stride in layers:
        numbers += channels * -(-rows // stride) * -(-columns // stride)
    return 4 * n * numbers

# %% wrong="kept_bytes" points=1 message="Only rows or only columns became fewer"
def kept_bytes(pictures, layers):
    n, channels, rows, columns = pictures
    numbers = channels * rows * columns
    for channels, stride in layers:
        rows = -(-rows // stride)
        numbers += channels * rows * columns
    return 4 * n * numbers

# %% wrong="kept_bytes" points=2 message="An odd number of rows was halved and rounded down"
def kept_bytes(pictures, layers):
    n, channels, rows, columns = pictures
    numbers = channels * rows * columns
    for channels, stride in layers:
        rows, columns = rows // stride, columns // stride
        numbers += channels * rows * columns
    return 4 * n * numbers

# %% wrong="kept_bytes" points=0 message="This is the largest map"
def kept_bytes(pictures, layers):
    n, channels, rows, columns = pictures
    numbers = [channels * rows * columns]
    for channels, stride in layers:
        rows, columns = -(-rows // stride), -(-columns // stride)
        numbers.append(channels * rows * columns)
    return 4 * n * max(numbers)
