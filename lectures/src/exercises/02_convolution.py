# %% [markdown] exercise={"withhold": ["segviz.ops", "segviz.plot", "segviz.widgets", "segviz.explain_shapes", "segviz.receptive_field", "segviz._trace", "segviz.cost", "torch", "torchvision", "scipy.signal", "scipy.ndimage", "skimage"], "tolerance": 1e-6}
# # Exercise 02: convolution
#
# Three small functions, with numpy alone. Write each one where it says `NotImplementedError`, run its
# cell, then run the check below it. The text under each check is what you are after; running the
# check replaces it with what your function gives.
#
# Checks here are visible ones. The mark comes from hidden checks on other numbers; an answer within
# $10^{-6}$ of the right one gets full points. Write plain functions: no other part of `segviz`,
# nor torch, scipy.signal, scipy.ndimage or skimage, is there when your answers are judged.

# %% setup=true
import numpy as np

from segviz.exercises import convolution as check

# %% [markdown]
# ## 1 A convolution (4 points)
#
# First put `padding` rows and columns of zeros on each of the four sides of $x$. Then lay the kernel on
# every `stride`-th place, in both directions, as long as it fits; multiply what lies on top of each
# other, and add up:
#
# $$y[r, c] = \sum_{i} \sum_{j} w[i, j]\; x_{\text{padded}}[r s + i,\; c s + j]$$
#
# Neither $x$ nor the kernel need be square. The kernel of the picture writes the four digits of a
# window one behind the other, so you can read from a result which pixels it was made of:

# %%
from segviz import plot

plot.show(check.conv2d_picture(), alt="x of 3 x 4 digits; the framed window 7, 8, 2, 3 with the kernel 1000, 100, 10, 1 gives 7823.")

# %% answer="conv2d"
def conv2d(x: np.ndarray, kernel: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """The convolution of x, shape (H, W), with kernel, shape (kh, kw): shape (H', W')."""
    ### BEGIN SOLUTION
    x, (kh, kw) = np.pad(x, padding), kernel.shape
    y = np.zeros(((x.shape[0] - kh) // stride + 1, (x.shape[1] - kw) // stride + 1))
    for r, c in np.ndindex(y.shape):
        top, left = r * stride, c * stride
        y[r, c] = (x[top : top + kh, left : left + kw] * kernel).sum()
    return y
    ### END SOLUTION

# %% check="conv2d"
check.conv2d(conv2d)

# %% [markdown]
# <details><summary>Hint 1</summary>Begin with the loop of the lecture, section 1: it is this function for stride 1 and padding 0.</details>
#
# <details><summary>Hint 2</summary>Padding comes first: <code>np.pad(x, padding)</code> is the picture with its zeros. From then on forget about it.</details>
#
# <details><summary>Hint 3</summary>Value [r, c] of the result reads the rows from r · stride up to r · stride + kh. How many such r are there? Count with a pencil for 8 rows, kernel 3, stride 2.</details>

# %% probe="conv2d" points=2
show(conv2d(rng.normal(size=(5, 6)), rng.normal(size=(2, 3)), 1, 0))
show(conv2d(rng.normal(size=(4, 3)), rng.normal(size=(3, 1)), 1, 0))

# %% probe="conv2d" points=1
show(conv2d(rng.normal(size=(7, 8)), rng.normal(size=(3, 2)), 2, 0))
show(conv2d(rng.normal(size=(8, 6)), rng.normal(size=(2, 2)), 3, 0))

# %% probe="conv2d" points=1
show(conv2d(rng.normal(size=(3, 4)), rng.normal(size=(3, 3)), 1, 1))
show(conv2d(rng.normal(size=(4, 3)), rng.normal(size=(2, 3)), 2, 2))

# %% wrong="conv2d" points=0 message="The kernel is flipped"
def conv2d(x, kernel, stride, padding):
    x, (kh, kw) = np.pad(x, padding), kernel.shape
    y = np.zeros(((x.shape[0] - kh) // stride + 1, (x.shape[1] - kw) // stride + 1))
    for r, c in np.ndindex(y.shape):
        window = x[r * stride : r * stride + kh, c * stride : c * stride + kw]
        y[r, c] = (window * kernel[::-1, ::-1]).sum()
    return y

# %% wrong="conv2d" points=2 message="This is the result for stride=1"
def conv2d(x, kernel, stride, padding):
    x, (kh, kw) = np.pad(x, padding), kernel.shape
    y = np.zeros((x.shape[0] - kh + 1, x.shape[1] - kw + 1))
    for r, c in np.ndindex(y.shape):
        y[r, c] = (x[r : r + kh, c : c + kw] * kernel).sum()
    return y

# %% wrong="conv2d" points=2 message="windows move by one"
def conv2d(x, kernel, stride, padding):
    x, (kh, kw) = np.pad(x, padding), kernel.shape
    y = np.zeros(((x.shape[0] - kh) // stride + 1, (x.shape[1] - kw) // stride + 1))
    for r, c in np.ndindex(y.shape):
        y[r, c] = (x[r : r + kh, c : c + kw] * kernel).sum()
    return y

# %% wrong="conv2d" points=3 message="This is the result for padding=0"
def conv2d(x, kernel, stride, padding):
    kh, kw = kernel.shape
    y = np.zeros(((x.shape[0] - kh) // stride + 1, (x.shape[1] - kw) // stride + 1))
    for r, c in np.ndindex(y.shape):
        y[r, c] = (x[r * stride : r * stride + kh, c * stride : c * stride + kw] * kernel).sum()
    return y

# %% wrong="conv2d" points=3 message="The border's values are repeated"
def conv2d(x, kernel, stride, padding):
    x, (kh, kw) = np.pad(x, padding, mode="edge"), kernel.shape
    y = np.zeros(((x.shape[0] - kh) // stride + 1, (x.shape[1] - kw) // stride + 1))
    for r, c in np.ndindex(y.shape):
        y[r, c] = (x[r * stride : r * stride + kh, c * stride : c * stride + kw] * kernel).sum()
    return y

# %% wrong="conv2d" points=0 message="did you forget the + 1 in the size?"
def conv2d(x, kernel, stride, padding):
    x, (kh, kw) = np.pad(x, padding), kernel.shape
    y = np.zeros(((x.shape[0] - kh) // stride, (x.shape[1] - kw) // stride))
    for r, c in np.ndindex(y.shape):
        y[r, c] = (x[r * stride : r * stride + kh, c * stride : c * stride + kw] * kernel).sum()
    return y

# %% wrong="conv2d" points=0 message="a kernel need not be square"
def conv2d(x, kernel, stride, padding):
    x, k = np.pad(x, padding), kernel.shape[0]
    y = np.zeros(((x.shape[0] - k) // stride + 1, (x.shape[1] - k) // stride + 1))
    for r, c in np.ndindex(y.shape):
        y[r, c] = (x[r * stride : r * stride + k, c * stride : c * stride + k] * kernel).sum()
    return y

# %% [markdown]
# ## 2 The size of the result (3 points)
#
# Along one axis there are $n + 2p$ places with the padding. The first window takes $k$ of them, every
# step to the next one $s$ more. A step that doesn't fit is left out:
#
# $$m = \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1$$

# %%
plot.show(check.output_size_picture(), alt="Three windows of three places, two apart, on eight places: the last place is read by none.")

# %% answer="output_size"
def output_size(n: int, kernel_size: int, stride: int, padding: int) -> int:
    """The number of windows m along an axis of n places."""
    ### BEGIN SOLUTION
    return (n + 2 * padding - kernel_size) // stride + 1
    ### END SOLUTION

# %% check="output_size"
check.output_size(output_size)

# %% [markdown]
# <details><summary>Hint 1</summary>How many places are left for steps once the first window lies on its own?</details>
#
# <details><summary>Hint 2</summary>Python's <code>//</code> divides and rounds down.</details>

# %% probe="output_size" points=1
for _ in range(8):
    n, k, p = (int(rng.integers(low, high)) for low, high in [(9, 30), (2, 9), (1, 5)])
    show(output_size(n, k, 1, p))

# %% probe="output_size" points=1
for _ in range(8):
    s, k, steps = (int(rng.integers(low, high)) for low, high in [(2, 6), (2, 9), (1, 9)])
    show(output_size(k + s * steps + int(rng.integers(1, s)), k, s, 0))

# %% probe="output_size" points=1
for s in (2, 3, 4):
    k, p, steps = (int(rng.integers(low, high)) for low, high in [(2, 9), (s, s + 3), (8, 20)])
    show(output_size(k + s * steps + int(rng.integers(1, s)) - 2 * p, k, s, p))

# %% wrong="output_size" points=1 message="This is rounded up"
def output_size(n, kernel_size, stride, padding):
    return -(-(n + 2 * padding - kernel_size) // stride) + 1

# %% wrong="output_size" points=1 message="A size is a whole number"
def output_size(n, kernel_size, stride, padding):
    return (n + 2 * padding - kernel_size) / stride + 1

# %% wrong="output_size" points=1 message="padding counts once here"
def output_size(n, kernel_size, stride, padding):
    return (n + padding - kernel_size) // stride + 1

# %% wrong="output_size" points=0 message="The + 1 is missing"
def output_size(n, kernel_size, stride, padding):
    return (n + 2 * padding - kernel_size) // stride

# %% wrong="output_size" points=0 message="The kernel's own width is missing"
def output_size(n, kernel_size, stride, padding):
    return (n + 2 * padding) // stride + 1

# %% wrong="output_size" points=1 message="This is the size for padding=0"
def output_size(n, kernel_size, stride, padding):
    return (n - kernel_size) // stride + 1

# %% [markdown]
# ## 3 Max-pooling that remembers (3 points)
#
# Keep the largest value of each window, and the place where it stood in $x$, counted row by row from
# the top left corner:
#
# $$y[r, c] = \max_{0 \le i, j < k} x[r s + i,\; c s + j] \qquad
# \text{index of row } a \text{ and column } b = a\, W + b$$
#
# $W$ is the width of $x$. Only whole windows count. If a value stands in a window more than once, the
# first place counts. Lecture 05 will need these indices.

# %%
plot.show(check.max_pool_picture(), alt="x of 4 x 6; the framed window 0, 6, 6, 0 has its maximum 6 first at index 13; so say the tables of values and indices.")

# %% answer="max_pool"
def max_pool(x: np.ndarray, kernel_size: int, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Maxima of the windows of x, shape (H, W), and their indices: both of shape (H', W')."""
    ### BEGIN SOLUTION
    k, width = kernel_size, x.shape[1]
    values = np.zeros([(size - k) // stride + 1 for size in x.shape])
    indices = np.zeros(values.shape, dtype=int)
    for r, c in np.ndindex(values.shape):
        window = x[r * stride : r * stride + k, c * stride : c * stride + k]
        i, j = divmod(int(window.argmax()), k)
        values[r, c] = window[i, j]
        indices[r, c] = (r * stride + i) * width + c * stride + j
    return values, indices
    ### END SOLUTION

# %% check="max_pool"
check.max_pool(max_pool)

# %% [markdown]
# <details><summary>Hint 1</summary>The loop is that of task 1, with a maximum in place of the sum. Get the values right first.</details>
#
# <details><summary>Hint 2</summary><code>window.argmax()</code> counts within the window, row by row, and takes the first of equal values. <code>divmod(place, k)</code> makes row and column of it.</details>
#
# <details><summary>Hint 3</summary>Row i of the window is row r · stride + i of x, column j of the window is column c · stride + j of x.</details>

# %% probe="max_pool" points=1
show(max_pool(rng.permutation(48).reshape(6, 8), 2, 2))
show(max_pool(rng.permutation(45).reshape(5, 9), 3, 3))

# %% probe="max_pool" points=1
show(max_pool(rng.normal(size=(5, 6)) - 10, 3, 1))
show(max_pool(rng.normal(size=(6, 4)) - 10, 3, 2))

# %% probe="max_pool" points=1
show(max_pool(np.repeat(rng.permutation(12).reshape(4, 3), 2, axis=1), 2, 2))
show(max_pool(np.repeat(rng.permutation(10).reshape(2, 5), 2, axis=0), 2, 2))

# %% wrong="max_pool" points=0 message="Only the values came back"
def max_pool(x, kernel_size, stride):
    k = kernel_size
    values = np.zeros([(size - k) // stride + 1 for size in x.shape])
    for r, c in np.ndindex(values.shape):
        values[r, c] = x[r * stride : r * stride + k, c * stride : c * stride + k].max()
    return values

# %% wrong="max_pool" points=0 message="The indices count within each window"
def max_pool(x, kernel_size, stride):
    k = kernel_size
    values = np.zeros([(size - k) // stride + 1 for size in x.shape])
    indices = np.zeros(values.shape, dtype=int)
    for r, c in np.ndindex(values.shape):
        window = x[r * stride : r * stride + k, c * stride : c * stride + k]
        values[r, c], indices[r, c] = window.max(), window.argmax()
    return values, indices

# %% wrong="max_pool" points=0 message="so it is r * W + c"
def max_pool(x, kernel_size, stride):
    k = kernel_size
    values = np.zeros([(size - k) // stride + 1 for size in x.shape])
    indices = np.zeros(values.shape, dtype=int)
    for r, c in np.ndindex(values.shape):
        window = x[r * stride : r * stride + k, c * stride : c * stride + k]
        i, j = divmod(int(window.argmax()), k)
        values[r, c] = window[i, j]
        indices[r, c] = (r * stride + i) * x.shape[0] + c * stride + j
    return values, indices

# %% wrong="max_pool" points=2 message="Is it > or >=?"
def max_pool(x, kernel_size, stride):
    values = np.full([(size - kernel_size) // stride + 1 for size in x.shape], -np.inf)
    indices = np.zeros(values.shape, dtype=int)
    for r, c, i, j in np.ndindex(*values.shape, kernel_size, kernel_size):
        row, column = r * stride + i, c * stride + j
        if x[row, column] >= values[r, c]:
            values[r, c], indices[r, c] = x[row, column], row * x.shape[1] + column
    return values, indices

# %% wrong="max_pool" points=2 message="The search began at 0"
def max_pool(x, kernel_size, stride):
    values = np.zeros([(size - kernel_size) // stride + 1 for size in x.shape])
    indices = np.zeros(values.shape, dtype=int)
    for r, c, i, j in np.ndindex(*values.shape, kernel_size, kernel_size):
        row, column = r * stride + i, c * stride + j
        if x[row, column] > values[r, c]:
            values[r, c], indices[r, c] = x[row, column], row * x.shape[1] + column
    return values, indices

# %% wrong="max_pool" points=2 message="This is the result for stride=kernel_size"
def max_pool(x, kernel_size, stride):
    k = kernel_size
    values = np.zeros([size // k for size in x.shape])
    indices = np.zeros(values.shape, dtype=int)
    for r, c in np.ndindex(values.shape):
        window = x[r * k : r * k + k, c * k : c * k + k]
        i, j = divmod(int(window.argmax()), k)
        values[r, c], indices[r, c] = window[i, j], (r * k + i) * x.shape[1] + c * k + j
    return values, indices
