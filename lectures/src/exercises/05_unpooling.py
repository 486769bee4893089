# %% [markdown] exercise={"withhold": ["segviz.ops", "segviz.plot", "segviz.widgets", "segviz.models", "segviz._trace", "torch", "torchvision", "skimage", "scipy.ndimage"], "tolerance": 1e-6}
# # Exercise 05: unpooling
#
# Two small functions, with numpy alone: the way down that remembers, and the way up that needs what
# it remembered. Write each one where it says `NotImplementedError`, run its cell, then run the check
# below it. The text under each check is what you are after; running the check replaces it with what
# your function gives.
#
# Checks here are visible ones. The mark comes from hidden checks on other numbers; an answer within
# $10^{-6}$ of the right one gets full points. Write plain functions: no other part of `segviz`,
# nor torch, skimage or scipy.ndimage, is there when your answers are judged.

# %% setup=true
import numpy as np

from segviz.exercises import unpooling as check

# %% [markdown]
# ## 1 Max-pooling that remembers (4 points)
#
# Windows of $k$ x $k$ numbers stand side by side (the stride is $k$). Each leaves its largest number
# and its **index**: the place in the whole table, counted row by row.
#
# $$y_{ij} = \max_{0 \le a, b < k} x_{ik + a,\; jk + b} \qquad
# \iota_{ij} = \text{row} \times W + \text{column}$$
#
# In **ceil mode** a last window that juts out over the edge is kept, with those of its numbers that
# exist: $m = \lceil n / k \rceil$ windows along $n$ numbers. If the largest number stands in a window
# more than once, the first one counts, row by row.

# %%
from segviz import plot

plot.show(check.pooling_picture(), alt="A table of 3 x 5, its largest numbers, and the places where they stood.")

# %% answer="max_pool"
def max_pool(x: np.ndarray, kernel_size: int) -> tuple[np.ndarray, np.ndarray]:
    """The values and the indices of x, shape (H, W), pooled in ceil mode: both of shape (h, w)."""
    ### BEGIN SOLUTION
    k, (height, width) = kernel_size, x.shape
    values = np.zeros((-(-height // k), -(-width // k)))
    indices = np.zeros(values.shape, dtype=int)
    for i, j in np.ndindex(values.shape):
        window = x[i * k : (i + 1) * k, j * k : (j + 1) * k]
        row, column = np.unravel_index(window.argmax(), window.shape)
        values[i, j] = window[row, column]
        indices[i, j] = (i * k + row) * width + j * k + column
    return values, indices
    ### END SOLUTION

# %% check="max_pool"
check.max_pool(max_pool)

# %% [markdown]
# <details><summary>Hint 1</summary>How many windows are there? -(-n // k) is n / k, rounded up.</details>
#
# <details><summary>Hint 2</summary>A slice that goes on beyond the edge stops there by itself: nothing needs to be filled in.</details>
#
# <details><summary>Hint 3</summary>window.argmax() is the first place of the largest number, counted inside the window; np.unravel_index makes a row and a column of it.</details>
#
# <details><summary>Hint 4</summary>Window i, j begins at row i · k and column j · k of x. Add that before you count.</details>

# %% probe="max_pool" points=1
values, _ = max_pool(rng.normal(size=(6, 8)), 2)
show(values)

# %% probe="max_pool" points=1
_, indices = max_pool(rng.normal(size=(6, 8)), 2)
show(indices)

# %% probe="max_pool" points=1
show(max_pool(-1 - rng.random((7, 5)), 2))
show(max_pool(-1 - rng.random((5, 8)), 3))

# %% probe="max_pool" points=1
x = rng.integers(0, 2, (8, 12)).astype(float)
x[2:4, 4:6] = [[0, 1], [1, 1]]
_, indices = max_pool(x, 2)
show(indices)

# %% wrong="max_pool" points=3 message="This is floor mode"
def max_pool(x, kernel_size):
    k, (height, width) = kernel_size, x.shape
    values = np.zeros((height // k, width // k))
    indices = np.zeros(values.shape, dtype=int)
    for i, j in np.ndindex(values.shape):
        window = x[i * k : (i + 1) * k, j * k : (j + 1) * k]
        row, column = np.unravel_index(window.argmax(), window.shape)
        values[i, j] = window[row, column]
        indices[i, j] = (i * k + row) * width + j * k + column
    return values, indices

# %% wrong="max_pool" points=3 message="At a tie the last one is saved"
def max_pool(x, kernel_size):
    k, (height, width) = kernel_size, x.shape
    values = np.zeros((-(-height // k), -(-width // k)))
    indices = np.zeros(values.shape, dtype=int)
    for i, j in np.ndindex(values.shape):
        window = x[i * k : (i + 1) * k, j * k : (j + 1) * k]
        row, column = np.argwhere(window == window.max())[-1]
        values[i, j] = window[row, column]
        indices[i, j] = (i * k + row) * width + j * k + column
    return values, indices

# %% wrong="max_pool" points=3 message="At a tie the first one column by column is saved"
def max_pool(x, kernel_size):
    k, (height, width) = kernel_size, x.shape
    values = np.zeros((-(-height // k), -(-width // k)))
    indices = np.zeros(values.shape, dtype=int)
    for i, j in np.ndindex(values.shape):
        window = x[i * k : (i + 1) * k, j * k : (j + 1) * k]
        column, row = np.argwhere(window.T == window.max())[0]
        values[i, j] = window[row, column]
        indices[i, j] = (i * k + row) * width + j * k + column
    return values, indices

# %% wrong="max_pool" points=1 message="Indices are counted inside of each window"
def max_pool(x, kernel_size):
    k, (height, width) = kernel_size, x.shape
    values = np.zeros((-(-height // k), -(-width // k)))
    indices = np.zeros(values.shape, dtype=int)
    for i, j in np.ndindex(values.shape):
        window = x[i * k : (i + 1) * k, j * k : (j + 1) * k]
        values[i, j], indices[i, j] = window.max(), window.argmax()
    return values, indices

# %% wrong="max_pool" points=1 message="Indices are row * H + column"
def max_pool(x, kernel_size):
    k, (height, width) = kernel_size, x.shape
    values = np.zeros((-(-height // k), -(-width // k)))
    indices = np.zeros(values.shape, dtype=int)
    for i, j in np.ndindex(values.shape):
        window = x[i * k : (i + 1) * k, j * k : (j + 1) * k]
        row, column = np.unravel_index(window.argmax(), window.shape)
        values[i, j] = window[row, column]
        indices[i, j] = (i * k + row) * height + j * k + column
    return values, indices

# %% wrong="max_pool" points=1 message="Indices are counted column by column"
def max_pool(x, kernel_size):
    k, (height, width) = kernel_size, x.shape
    values = np.zeros((-(-height // k), -(-width // k)))
    indices = np.zeros(values.shape, dtype=int)
    for i, j in np.ndindex(values.shape):
        window = x[i * k : (i + 1) * k, j * k : (j + 1) * k]
        row, column = np.unravel_index(window.argmax(), window.shape)
        values[i, j] = window[row, column]
        indices[i, j] = (j * k + column) * height + i * k + row
    return values, indices

# %% wrong="max_pool" points=3 message="A window that juts out was filled up with zeros"
def max_pool(x, kernel_size):
    k, (height, width) = kernel_size, x.shape
    values = np.zeros((-(-height // k), -(-width // k)))
    indices = np.zeros(values.shape, dtype=int)
    filled = np.pad(x, ((0, -height % k), (0, -width % k)))
    for i, j in np.ndindex(values.shape):
        window = filled[i * k : (i + 1) * k, j * k : (j + 1) * k]
        row, column = np.unravel_index(window.argmax(), window.shape)
        values[i, j] = window[row, column]
        indices[i, j] = (i * k + row) * width + j * k + column
    return values, indices

# %% wrong="max_pool" points=0 message="Only the values come back"
def max_pool(x, kernel_size):
    k, (height, width) = kernel_size, x.shape
    values = np.zeros((-(-height // k), -(-width // k)))
    for i, j in np.ndindex(values.shape):
        values[i, j] = x[i * k : (i + 1) * k, j * k : (j + 1) * k].max()
    return values

# %% [markdown]
# ## 2 Max-unpooling (3 points)
#
# Begin with zeros of the size before pooling, which must be given: more than one size pools to the
# same. Put every value back to its index:
#
# $$u_{\iota_{ij}} = y_{ij}, \quad \text{all other } u = 0$$
#
# Where windows overlapped, two of them may have saved the same place. Then they hold the same value,
# and it stands there once.

# %%
plot.show(check.unpooling_picture(), alt="Two values and two indices, 5 and 7, become a table of 3 x 5 with the values in row 1.")

# %% answer="max_unpool"
def max_unpool(values: np.ndarray, indices: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Zeros of shape `size`, (H, W), with each value at its index; the two have shape (h, w)."""
    ### BEGIN SOLUTION
    output = np.zeros(size)
    output.flat[indices.ravel()] = values.ravel()
    return output
    ### END SOLUTION

# %% check="max_unpool"
check.max_unpool(max_unpool)

# %% [markdown]
# <details><summary>Hint 1</summary>Which row and which column is index 7 in a table of 5 columns?</details>
#
# <details><summary>Hint 2</summary>7 // 5 is the row and 7 % 5 is the column. Or let numpy count: output.flat[7].</details>

# %% probe="max_unpool" points=1
row = 2 * np.arange(4)[:, None] + rng.integers(0, 2, (4, 3))
column = 2 * np.arange(3) + rng.integers(0, 2, (4, 3))
show(max_unpool(rng.normal(size=(4, 3)), row * 6 + column, (8, 6)))

# %% probe="max_unpool" points=1
row = 2 * np.arange(3)[:, None] + rng.integers(0, 2, (3, 2))
column = 2 * np.arange(2) + rng.integers(0, 2, (3, 2))
show(max_unpool(rng.normal(size=(3, 2)), row * 5 + column, (7, 5)))

# %% probe="max_unpool" points=1
x, indices = rng.normal(size=12), rng.integers(0, 12, (4, 6))
show(max_unpool(x[indices], indices, (3, 4)))

# %% wrong="max_unpool" points=1 message="The size was guessed"
def max_unpool(values, indices, size):
    output = np.zeros((2 * values.shape[0], 2 * values.shape[1]))
    output.flat[indices.ravel()] = values.ravel()
    return output

# %% wrong="max_unpool" points=0 message="This is a bed of nails"
def max_unpool(values, indices, size):
    output = np.zeros(size)
    rows, columns = values.shape
    output[0 : 2 * rows : 2, 0 : 2 * columns : 2] = values
    return output

# %% wrong="max_unpool" points=0 message="This is the nearest value everywhere"
def max_unpool(values, indices, size):
    return values.repeat(2, axis=0).repeat(2, axis=1)

# %% wrong="max_unpool" points=0 message="Indices were read column by column"
def max_unpool(values, indices, size):
    output = np.zeros(size)
    output.T.flat[indices.ravel()] = values.ravel()
    return output

# %% wrong="max_unpool" points=2 message="Two windows saved the same place"
def max_unpool(values, indices, size):
    output = np.zeros(size[0] * size[1])
    np.add.at(output, indices.ravel(), values.ravel())
    return output.reshape(size)

# %% wrong="max_unpool" points=0 message="The indices stand where the values belong"
def max_unpool(values, indices, size):
    output = np.zeros(size)
    output.flat[indices.ravel()] = indices.ravel()
    return output

# %% wrong="max_unpool" points=0 message="This is one long row"
def max_unpool(values, indices, size):
    output = np.zeros(size[0] * size[1])
    output[indices.ravel()] = values.ravel()
    return output
