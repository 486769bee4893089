# %% [markdown] exercise={"withhold": ["segviz.ops", "segviz.plot", "segviz.models", "segviz.widgets", "segviz.training", "segviz.receptive_field", "segviz._trace", "segviz.cost", "torch", "torchvision", "scipy.signal", "scipy.ndimage", "skimage"], "tolerance": 1e-6}
# # Exercise 04: fully convolutional
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

from segviz.exercises import fully_convolutional as check

# %% [markdown]
# ## 1 A dense layer at all places (4 points)
#
# A dense layer reads a map of $C \times k \times k$ values and gives $K$ numbers. Its weights have the
# shape $(K, C k k)$: row $o$ holds what output $o$ multiplies each value with, in the order channel,
# row, column. So with the weights as a kernel $w$ of shape $(K, C, k, k)$, it is a convolution, and it
# can answer at every place of larger maps, $C \times H \times W$:
#
# $$y[o, r, s] = b[o] + \sum_{c} \sum_{i} \sum_{j} w[o, c, i, j]\; x[c, r + i, s + j]
# \qquad w[o, c, i, j] = \text{weight}\big[o,\; (c\, k + i)\, k + j\big]$$
#
# There are $(H - k + 1) \times (W - k + 1)$ places. In the picture, output 0 picks one value of each
# window, and its bias adds 1000:

# %%
from segviz import plot

plot.show(check.dense_everywhere_picture(), alt="Two channels of 3 x 4; a kernel with a single 1 in channel 0, lower left; at the framed window it picks 11, so the answer is 1011.")

# %% answer="dense_everywhere"
def dense_everywhere(
    weight: np.ndarray, bias: np.ndarray, maps: np.ndarray, kernel_size: int
) -> np.ndarray:
    """weight (K, C * k * k), bias (K,), maps (C, H, W): shape (K, H - k + 1, W - k + 1)."""
    ### BEGIN SOLUTION
    k = kernel_size
    answers = np.zeros((len(bias), maps.shape[1] - k + 1, maps.shape[2] - k + 1))
    for r, s in np.ndindex(answers.shape[1:]):
        answers[:, r, s] = weight @ maps[:, r : r + k, s : s + k].ravel() + bias
    return answers
    ### END SOLUTION

# %% check="dense_everywhere"
check.dense_everywhere(dense_everywhere)

# %% [markdown]
# <details><summary>Hint 1</summary>First write what the dense layer says about one window: all weights times all its values, added up, plus the bias. Then do it at all places.</details>
#
# <details><summary>Hint 2</summary>Two ways lead there. Make the window as flat as the weights: <code>window.ravel()</code> goes through channel, row, column. Or make the weights as deep as the window: <code>weight.reshape(K, C, k, k)</code>.</details>
#
# <details><summary>Hint 3</summary>A window is <code>maps[:, r : r + k, s : s + k]</code>; <code>weight @ flat_window + bias</code> are its K answers.</details>

# %% probe="dense_everywhere" points=1
show(dense_everywhere(rng.normal(size=(2, 9)), rng.normal(size=2), rng.normal(size=(1, 5, 6)), 3))

# %% probe="dense_everywhere" points=2
show(dense_everywhere(rng.normal(size=(2, 12)), rng.normal(size=2), rng.normal(size=(3, 4, 5)), 2))
show(dense_everywhere(rng.normal(size=(1, 18)), rng.normal(size=1), rng.normal(size=(2, 6, 5)), 3))

# %% probe="dense_everywhere" points=1
show(dense_everywhere(rng.normal(size=(5, 27)), rng.normal(size=5), rng.normal(size=(3, 3, 3)), 3))

# %% wrong="dense_everywhere" points=1 message="The weights were read with the channel last"
def dense_everywhere(weight, bias, maps, kernel_size):
    k = kernel_size
    kernel = weight.reshape(len(bias), k, k, len(maps))
    answers = np.zeros((len(bias), maps.shape[1] - k + 1, maps.shape[2] - k + 1))
    for r, s in np.ndindex(answers.shape[1:]):
        answers[:, r, s] = np.einsum("oijc,cij->o", kernel, maps[:, r : r + k, s : s + k]) + bias
    return answers

# %% wrong="dense_everywhere" points=0 message="The bias is missing"
def dense_everywhere(weight, bias, maps, kernel_size):
    k = kernel_size
    answers = np.zeros((len(bias), maps.shape[1] - k + 1, maps.shape[2] - k + 1))
    for r, s in np.ndindex(answers.shape[1:]):
        answers[:, r, s] = weight @ maps[:, r : r + k, s : s + k].ravel()
    return answers

# %% wrong="dense_everywhere" points=0 message="The kernel is flipped"
def dense_everywhere(weight, bias, maps, kernel_size):
    k = kernel_size
    answers = np.zeros((len(bias), maps.shape[1] - k + 1, maps.shape[2] - k + 1))
    for r, s in np.ndindex(answers.shape[1:]):
        answers[:, r, s] = weight @ maps[:, r : r + k, s : s + k][:, ::-1, ::-1].ravel() + bias
    return answers

# %% wrong="dense_everywhere" points=0 message="Rows and columns of the kernel are swapped"
def dense_everywhere(weight, bias, maps, kernel_size):
    k = kernel_size
    answers = np.zeros((len(bias), maps.shape[1] - k + 1, maps.shape[2] - k + 1))
    for r, s in np.ndindex(answers.shape[1:]):
        answers[:, r, s] = weight @ maps[:, r : r + k, s : s + k].swapaxes(1, 2).ravel() + bias
    return answers

# %% wrong="dense_everywhere" points=0 message="This is what the dense layer says at the first place"
def dense_everywhere(weight, bias, maps, kernel_size):
    return weight @ maps[:, :kernel_size, :kernel_size].ravel() + bias

# %% wrong="dense_everywhere" points=0 message="The outputs come last"
def dense_everywhere(weight, bias, maps, kernel_size):
    k = kernel_size
    answers = np.zeros((maps.shape[1] - k + 1, maps.shape[2] - k + 1, len(bias)))
    for r, s in np.ndindex(answers.shape[:2]):
        answers[r, s] = weight @ maps[:, r : r + k, s : s + k].ravel() + bias
    return answers

# %% wrong="dense_everywhere" points=1 message="The window moves by its own width"
def dense_everywhere(weight, bias, maps, kernel_size):
    k = kernel_size
    rows, columns = (range(0, size - k + 1, k) for size in maps.shape[1:])
    answers = [[weight @ maps[:, r : r + k, s : s + k].ravel() + bias for s in columns]
               for r in rows]
    return np.moveaxis(np.array(answers), 2, 0)

# %% [markdown]
# ## 2 The bill of the loop, and of each value once (3 points)
#
# Layer $l$ of a patch classifier has $n_l \times n_l$ values in a window, $s_l$ pixels apart, and each
# of them costs $m_l$ multiply-adds. For a picture of $H \times W$ pixels:
#
# $$\text{patch by patch:}\quad H\,W \sum_l n_l^2\, m_l \qquad\qquad \text{each value once:}\quad \sum_l \big(H + (n_l - 1)\, s_l\big)\big(W + (n_l - 1)\, s_l\big)\, m_l$$
#
# The second one is what the dense network of the lecture needs. (No stride here is larger than the
# picture.) The picture below is for 4 x 6 pixels and one layer of 3 x 3 values a window, stride 1. The
# loop pays for each number that you see, as often as it says; the dense network pays for each square
# once:

# %%
plot.show(check.multiply_adds_picture(), alt="6 x 8 squares, 1 in the corners, 9 in the middle: 48 values, computed 216 times.")

# %% answer="multiply_adds"
def multiply_adds(
    height: int, width: int, layers: list[tuple[int, int, int]]
) -> tuple[int, int]:
    """Multiply-adds (patch by patch, each value once); each layer is (n, s, m)."""
    ### BEGIN SOLUTION
    loop = sum(height * width * n**2 * m for n, s, m in layers)
    once = sum((height + (n - 1) * s) * (width + (n - 1) * s) * m for n, s, m in layers)
    return loop, once
    ### END SOLUTION

# %% check="multiply_adds"
check.multiply_adds(multiply_adds)

# %% [markdown]
# <details><summary>Hint 1</summary>Two sums that begin at 0, and one loop: <code>for n, s, m in layers:</code></details>
#
# <details><summary>Hint 2</summary>Along one axis the first window begins at 0 and the last one at H - 1; its last value stands (n - 1) · s further.</details>

# %% probe="multiply_adds" points=1
for _ in range(4):
    h, w, n, m = (int(rng.integers(low, high)) for low, high in [(9, 40), (41, 90), (2, 9), (3, 30)])
    show(multiply_adds(h, w, [(n, 1, m)]))

# %% probe="multiply_adds" points=1
for _ in range(4):
    h, w, n, s = (int(rng.integers(low, high)) for low, high in [(9, 40), (41, 90), (2, 9), (2, 9)])
    show(multiply_adds(h, w, [(n, s, 7)]))

# %% probe="multiply_adds" points=1
h, w = (int(rng.integers(33, 200)) for _ in range(2))
show(multiply_adds(h, w, [(30, 1, 384), (12, 2, 9216), (2, 4, 14400), (1, 8, 1536), (1, 8, 128)]))

# %% wrong="multiply_adds" points=1 message="stride is missing"
def multiply_adds(height, width, layers):
    loop = sum(height * width * n**2 * m for n, s, m in layers)
    return loop, sum((height + n - 1) * (width + n - 1) * m for n, s, m in layers)

# %% wrong="multiply_adds" points=2 message="Only the last layer was counted"
def multiply_adds(height, width, layers):
    for n, s, m in layers:
        loop = height * width * n**2 * m
        once = (height + (n - 1) * s) * (width + (n - 1) * s) * m
    return loop, once

# %% wrong="multiply_adds" points=0 message="a window is outputs x outputs values"
def multiply_adds(height, width, layers):
    loop = sum(height * width * n * m for n, s, m in layers)
    return loop, sum((height + (n - 1) * s) * (width + (n - 1) * s) * m for n, s, m in layers)

# %% wrong="multiply_adds" points=0 message="the map is larger than H x W"
def multiply_adds(height, width, layers):
    loop = sum(height * width * n**2 * m for n, s, m in layers)
    return loop, sum(height * width * m for n, s, m in layers)

# %% wrong="multiply_adds" points=0 message="not outputs * stride"
def multiply_adds(height, width, layers):
    loop = sum(height * width * n**2 * m for n, s, m in layers)
    return loop, sum((height + n * s) * (width + n * s) * m for n, s, m in layers)

# %% wrong="multiply_adds" points=0 message="The bills are swapped"
def multiply_adds(height, width, layers):
    loop = sum(height * width * n**2 * m for n, s, m in layers)
    return sum((height + (n - 1) * s) * (width + (n - 1) * s) * m for n, s, m in layers), loop

# %% [markdown]
# ## 3 One rung of the ladder (3 points)
#
# FCN-16s enlarges the scores of stride 32 two times and adds those of stride 16; FCN-8s does it once
# more:
#
# $$T_{16} = \mathrm{up}_2(T_{32}) + S_{16}$$
#
# $\mathrm{up}_2$ is bilinear. Along one axis every score $x[i]$ becomes two, which lean to the
# neighbour on their side; beyond the border the outermost score goes on, $x[-1] = x[0]$ and
# $x[n] = x[n - 1]$:
#
# $$y[2 i] = \tfrac{3}{4}\, x[i] + \tfrac{1}{4}\, x[i - 1] \qquad y[2 i + 1] = \tfrac{3}{4}\, x[i] + \tfrac{1}{4}\, x[i + 1]$$
#
# Do this along the columns, then along the rows of what comes out, in every class map on its own.

# %%
plot.show(check.fuse_picture(), alt="Coarse scores 0, 4 become two rows of 0, 1, 3, 4; with the skip the sum is 10, 21, 33, 44 and 50, 61, 73, 84.")

# %% answer="fuse"
def fuse(coarse: np.ndarray, skip: np.ndarray) -> np.ndarray:
    """coarse (K, h, w) enlarged two times, plus skip (K, 2h, 2w): shape (K, 2h, 2w)."""
    ### BEGIN SOLUTION
    def double(x):  # the last axis
        padded = np.pad(x, [(0, 0), (0, 0), (1, 1)], mode="edge")
        y = np.repeat(x, 2, axis=2) * 0.75
        y[..., 0::2] += padded[..., :-2] / 4
        y[..., 1::2] += padded[..., 2:] / 4
        return y

    return double(double(coarse).swapaxes(1, 2)).swapaxes(1, 2) + skip
    ### END SOLUTION

# %% check="fuse"
check.fuse(fuse)

# %% [markdown]
# <details><summary>Hint 1</summary>Write a small function that doubles one row by the formula, and try it on [0, 4]: it must give [0, 1, 3, 4].</details>
#
# <details><summary>Hint 2</summary>Continue the row by one score at each end, <code>np.pad(row, 1, mode="edge")</code>, and every score has two neighbours.</details>
#
# <details><summary>Hint 3</summary>Rows instead of columns: swap the axes, double, and swap them back, <code>maps.swapaxes(1, 2)</code>. For all rows at once, <code>y[..., 0::2]</code> are the places with even numbers.</details>

# %% probe="fuse" points=2
show(fuse(rng.normal(size=(2, 3, 2)), rng.normal(size=(2, 6, 4))))
show(fuse(rng.normal(size=(1, 1, 3)), rng.normal(size=(1, 2, 6))))

# %% probe="fuse" points=1
show(fuse(rng.normal(size=(3, 1, 1)), rng.normal(size=(3, 2, 2))))

# %% wrong="fuse" points=1 message="Each score was only repeated"
def fuse(coarse, skip):
    return coarse.repeat(2, axis=1).repeat(2, axis=2) + skip

# %% wrong="fuse" points=1 message="Here the outermost scores stay at the corners"
def fuse(coarse, skip):
    for axis in (1, 2):
        n = coarse.shape[axis]
        places = np.linspace(0, n - 1, 2 * n)
        coarse = np.apply_along_axis(lambda x: np.interp(places, np.arange(n), x), axis, coarse)
    return coarse + skip

# %% wrong="fuse" points=0 message="Zeros were put between the scores"
def fuse(coarse, skip):
    total = skip.copy()
    total[:, ::2, ::2] += coarse
    return total

# %% wrong="fuse" points=0 message="Beyond the border there are zeros"
def fuse(coarse, skip):
    for axis in (1, 2):
        x = np.moveaxis(coarse, axis, 0)
        padded = np.pad(x, [(1, 1), (0, 0), (0, 0)])
        y = 0.75 * x.repeat(2, axis=0)
        y[0::2] += padded[:-2] / 4
        y[1::2] += padded[2:] / 4
        coarse = np.moveaxis(y, 0, axis)
    return coarse + skip

# %% wrong="fuse" points=1 message="The rows were only repeated"
def fuse(coarse, skip):
    padded = np.pad(coarse, [(0, 0), (0, 0), (1, 1)], mode="edge")
    y = 0.75 * coarse.repeat(2, axis=2)
    y[..., 0::2] += padded[..., :-2] / 4
    y[..., 1::2] += padded[..., 2:] / 4
    return y.repeat(2, axis=1) + skip

# %% wrong="fuse" points=0 message="The skip is missing"
def fuse(coarse, skip):
    for axis in (1, 2):
        x = np.moveaxis(coarse, axis, 0)
        padded = np.pad(x, [(1, 1), (0, 0), (0, 0)], mode="edge")
        y = 0.75 * x.repeat(2, axis=0)
        y[0::2] += padded[:-2] / 4
        y[1::2] += padded[2:] / 4
        coarse = np.moveaxis(y, 0, axis)
    return coarse

# %% wrong="fuse" points=0 message="This is the mean of both"
def fuse(coarse, skip):
    for axis in (1, 2):
        x = np.moveaxis(coarse, axis, 0)
        padded = np.pad(x, [(1, 1), (0, 0), (0, 0)], mode="edge")
        y = 0.75 * x.repeat(2, axis=0)
        y[0::2] += padded[:-2] / 4
        y[1::2] += padded[2:] / 4
        coarse = np.moveaxis(y, 0, axis)
    return (coarse + skip) / 2
