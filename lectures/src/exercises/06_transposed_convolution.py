# %% [markdown] exercise={"withhold": ["segviz.ops", "segviz.plot", "segviz.widgets", "segviz.explain_shapes", "segviz.receptive_field", "segviz._trace", "segviz.cost", "torch", "torchvision", "scipy.signal"], "tolerance": 1e-6}
# # Exercise 06: transposed convolution
#
# Three small functions, with numpy alone. Write each one where it says `NotImplementedError`, run its
# cell, then run the check below it. The text under each check is what you are after; running the
# check replaces it with what your function gives.
#
# Checks here are visible ones. The mark comes from hidden checks on other numbers; an answer within
# $10^{-6}$ of the right one gets full points. Write plain functions: no other part of `segviz`,
# nor torch or scipy.signal, is there when your answers are judged.

# %% setup=true
import numpy as np

from segviz.exercises import transposed_convolution as check

# %% [markdown]
# ## 1 Stamps that add up (4 points)
#
# Every input number stamps the kernel, times itself, on the output. The next stamp begins `stride`
# places further on, and where stamps overlap they add up:
#
# $$y_{i s + j} \mathrel{+}= x_i \, w_j \qquad 0 \le i < n, \quad 0 \le j < k, \qquad
# m = (n - 1)\, s + k$$

# %%
from segviz import plot

plot.show(check.stamps_picture(), alt="Two stamps of the kernel 1, 2, 3 and their sum 1, 2, 13, 20, 30.")

# %% answer="stamp"
def stamp(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """The transposed convolution of x, shape (n,), with kernel, shape (k,): shape (m,)."""
    ### BEGIN SOLUTION
    output = np.zeros((len(x) - 1) * stride + len(kernel))
    for i, value in enumerate(x):
        output[i * stride : i * stride + len(kernel)] += value * kernel
    return output
    ### END SOLUTION

# %% check="stamp"
check.stamp(stamp)

# %% [markdown]
# <details><summary>Hint 1</summary>Begin with an output of m zeros.</details>
#
# <details><summary>Hint 2</summary>One loop over the inputs is enough: a stamp covers a slice of k places.</details>
#
# <details><summary>Hint 3</summary>Input i covers the places from i · stride up to i · stride + k. Add to that slice.</details>

# %% probe="stamp" points=2
for k, s in [(3, 2), (5, 3), (4, 1)]:
    show(stamp(rng.normal(size=4), rng.normal(size=k), s))

# %% probe="stamp" points=1
show(stamp(rng.normal(size=6), rng.normal(size=3), 1))

# %% probe="stamp" points=1
show(stamp(rng.normal(size=4), rng.normal(size=2), 3))
show(stamp(rng.normal(size=3), rng.normal(size=2), 2))

# %% wrong="stamp" points=0 message="The kernel is mirrored: did you flip it?"
def stamp(x, kernel, stride):
    output = np.zeros((len(x) - 1) * stride + len(kernel))
    for i, value in enumerate(x):
        output[i * stride : i * stride + len(kernel)] += value * kernel[::-1]
    return output

# %% wrong="stamp" points=1 message="Where stamps overlap the last one wins"
def stamp(x, kernel, stride):
    output = np.zeros((len(x) - 1) * stride + len(kernel))
    for i, value in enumerate(x):
        output[i * stride : i * stride + len(kernel)] = value * kernel
    return output

# %% wrong="stamp" points=1 message="This is the answer for stride=1"
def stamp(x, kernel, stride):
    return np.convolve(x, kernel)

# %% wrong="stamp" points=0 message="The last stamp is cut off"
def stamp(x, kernel, stride):
    output = np.zeros(len(x) * stride + len(kernel))
    for i, value in enumerate(x):
        output[i * stride : i * stride + len(kernel)] += value * kernel
    return output[: len(x) * stride]

# %% wrong="stamp" points=1 message="Overlaps are averaged"
def stamp(x, kernel, stride):
    output = np.zeros((len(x) - 1) * stride + len(kernel))
    count = np.zeros_like(output)
    for i, value in enumerate(x):
        output[i * stride : i * stride + len(kernel)] += value * kernel
        count[i * stride : i * stride + len(kernel)] += 1
    return output / np.maximum(count, 1)

# %% [markdown]
# ## 2 The size of the output (3 points)
#
# The stamps cover $(n - 1)\, s + d\, (k - 1) + 1$ places, where $d$ is the dilation. Padding $p$
# crops the output at both ends, output padding $a$ adds places at its end:
#
# $$m = (n - 1)\, s - 2 p + d\, (k - 1) + a + 1$$

# %% answer="output_size"
def output_size(
    n: int, kernel_size: int, stride: int, padding: int, output_padding: int, dilation: int
) -> int:
    """The number of places m of a transposed convolution's output."""
    ### BEGIN SOLUTION
    span = dilation * (kernel_size - 1) + 1
    return (n - 1) * stride + span - 2 * padding + output_padding
    ### END SOLUTION

# %% check="output_size"
check.output_size(output_size)

# %% [markdown]
# <details><summary>Hint 1</summary>Where does the last stamp begin, and where does it end?</details>
#
# <details><summary>Hint 2</summary>Kernel 3 at dilation 2 touches places 0, 2 and 4: five places, not three.</details>

# %% probe="output_size" points=1
for _ in range(8):
    n, k, s = rng.integers(2, 20), rng.integers(2, 8), rng.integers(2, 5)
    show(output_size(int(n), int(k), int(s), int(k) // 2, 0, 1))

# %% probe="output_size" points=1
for _ in range(8):
    n, k, s, d = rng.integers(3, 20), rng.integers(2, 6), rng.integers(1, 5), rng.integers(2, 5)
    show(output_size(int(n), int(k), int(s), 0, 0, int(d)))

# %% probe="output_size" points=1
for _ in range(8):
    n, k, s = rng.integers(4, 20), rng.integers(3, 6), rng.integers(2, 5)
    show(output_size(int(n), int(k), int(s), 1, int(s) - 1, 1))

# %% wrong="output_size" points=2 message="This is the size for dilation=1"
def output_size(n, kernel_size, stride, padding, output_padding, dilation):
    return (n - 1) * stride + kernel_size - 2 * padding + output_padding

# %% wrong="output_size" points=1 message="padding was added: here it crops the output"
def output_size(n, kernel_size, stride, padding, output_padding, dilation):
    return (n - 1) * stride + dilation * (kernel_size - 1) + 1 + 2 * padding + output_padding

# %% wrong="output_size" points=2 message="output_padding is missing"
def output_size(n, kernel_size, stride, padding, output_padding, dilation):
    return (n - 1) * stride + dilation * (kernel_size - 1) + 1 - 2 * padding

# %% wrong="output_size" points=0 message="This is the size after a convolution"
def output_size(n, kernel_size, stride, padding, output_padding, dilation):
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1

# %% wrong="output_size" points=0 message="This counts n * stride"
def output_size(n, kernel_size, stride, padding, output_padding, dilation):
    return n * stride + dilation * (kernel_size - 1) + 1 - 2 * padding + output_padding

# %% [markdown]
# ## 3 A convolution as a matrix (3 points)
#
# A convolution without padding is a matrix $W$: row $i$ holds the kernel, beginning at column $i s$,
# and zeros elsewhere. There are as many rows as windows that fit:
#
# $$W_{i,\, i s + j} = w_j \qquad 0 \le i < m = \left\lfloor \frac{n - k}{s} \right\rfloor + 1$$
#
# Its transpose $W^T$ is the transposed convolution, and that is where the name comes from.

# %%
plot.show(check.matrix_picture(), alt="Two rows: 1 2 3 0 0, and 0 0 1 2 3.")

# %% answer="matrix"
def matrix(kernel: np.ndarray, n: int, stride: int) -> np.ndarray:
    """The matrix, shape (m, n), of the convolution of n inputs with a kernel of shape (k,)."""
    ### BEGIN SOLUTION
    k = len(kernel)
    rows = np.zeros(((n - k) // stride + 1, n))
    for i, row in enumerate(rows):
        row[i * stride : i * stride + k] = kernel
    return rows
    ### END SOLUTION

# %% check="matrix"
check.matrix(matrix)

# %% [markdown]
# <details><summary>Hint 1</summary>Begin with zeros of shape (m, n), then fill row by row.</details>
#
# <details><summary>Hint 2</summary>Row i holds the kernel in the columns i · stride up to i · stride + k.</details>

# %% probe="matrix" points=2
show(matrix(rng.normal(size=3), 7, 2))
show(matrix(rng.normal(size=2), 6, 3))

# %% probe="matrix" points=1
show(matrix(rng.normal(size=4), 7, 1))

# %% wrong="matrix" points=0 message="The kernel is mirrored in every row"
def matrix(kernel, n, stride):
    rows = np.zeros(((n - len(kernel)) // stride + 1, n))
    for i, row in enumerate(rows):
        row[i * stride : i * stride + len(kernel)] = kernel[::-1]
    return rows

# %% wrong="matrix" points=0 message="This is the transpose"
def matrix(kernel, n, stride):
    rows = np.zeros(((n - len(kernel)) // stride + 1, n))
    for i, row in enumerate(rows):
        row[i * stride : i * stride + len(kernel)] = kernel
    return rows.T

# %% wrong="matrix" points=1 message="Every row moves by one"
def matrix(kernel, n, stride):
    rows = np.zeros(((n - len(kernel)) // stride + 1, n))
    for i, row in enumerate(rows):
        row[i : i + len(kernel)] = kernel
    return rows

# %% wrong="matrix" points=0 message="Rows go on at the other end"
def matrix(kernel, n, stride):
    first = np.concatenate([kernel, np.zeros(n - len(kernel))])
    return np.stack([np.roll(first, i) for i in range(0, n, stride)])
