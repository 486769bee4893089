# %% [markdown] exercise={"withhold": ["segviz.ops", "segviz.plot", "segviz.models", "segviz.widgets", "segviz.training", "torch", "torchvision", "scipy.signal", "scipy.ndimage", "skimage"], "tolerance": 1e-6}
# # Exercise 03: sliding window
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

from segviz.exercises import sliding_window as check

# %% [markdown]
# ## 1 The patch around a pixel (4 points)
#
# A window is an odd number of pixels wide, so that it has a middle. The patch around pixel $[r, c]$ is
#
# $$x[r - m \ldots r + m,\;\; c - m \ldots c + m], \qquad m = \frac{\text{window} - 1}{2}$$
#
# with both ends included. Beyond its border the picture goes on as in a mirror that stands **on** the
# outermost pixels. They show once, so the value at row $-1$ is that of row $1$:
#
# $$x[-i, c] = x[i, c] \qquad x[H - 1 + i, c] = x[H - 1 - i, c] \qquad \text{and the same for columns}$$
#
# $m$ is always smaller than the picture's sides.

# %%
from segviz import plot

plot.show(check.patch_picture(), alt="An image of 3 x 4; around [1, 2] the patch 2 3 4, 6 7 8, 10 11 12; around [0, 0] the mirrored patch 6 5 6, 2 1 2, 6 5 6.")

# %% answer="patch"
def patch(image: np.ndarray, row: int, column: int, window: int) -> np.ndarray:
    """The patch around [row, column] of image, shape (H, W): shape (window, window)."""
    ### BEGIN SOLUTION
    padded = np.pad(image, window // 2, mode="reflect")
    return padded[row : row + window, column : column + window]
    ### END SOLUTION

# %% check="patch"
check.patch(patch)

# %% [markdown]
# <details><summary>Hint 1</summary>Continue the whole picture first, then cut out. How many pixels does it need on each side?</details>
#
# <details><summary>Hint 2</summary><code>np.pad</code> has modes: "constant", "edge", "symmetric", "wrap", "reflect". One of them is this mirror; try them on <code>np.arange(4)</code>.</details>
#
# <details><summary>Hint 3</summary>In the continued picture, pixel [row, column] stands at [row + m, column + m]. So where does its patch begin?</details>

# %% probe="patch" points=2
for row, column in [(2, 5), (3, 4), (4, 2)]:
    show(patch(rng.normal(size=(7, 9)), row, column, 3))

# %% probe="patch" points=1
for row, column in [(0, 0), (0, 6), (4, 0), (4, 6)]:
    show(patch(rng.normal(size=(5, 7)), row, column, 3))

# %% probe="patch" points=1
show(patch(rng.normal(size=(4, 6)), 1, 5, 5))
show(patch(rng.normal(size=(6, 4)), 5, 0, 5))

# %% wrong="patch" points=2 message="Beyond the border there are zeros"
def patch(image, row, column, window):
    padded = np.pad(image, window // 2)
    return padded[row : row + window, column : column + window]

# %% wrong="patch" points=2 message="The border's pixels are repeated"
def patch(image, row, column, window):
    padded = np.pad(image, window // 2, mode="edge")
    return padded[row : row + window, column : column + window]

# %% wrong="patch" points=2 message="the picture goes on at its other end"
def patch(image, row, column, window):
    padded = np.pad(image, window // 2, mode="wrap")
    return padded[row : row + window, column : column + window]

# %% wrong="patch" points=2 message="The patch is cut off at the border"
def patch(image, row, column, window):
    m = window // 2
    return image[max(row - m, 0) : row + m + 1, max(column - m, 0) : column + m + 1]

# %% wrong="patch" points=2 message="A slice that begins below 0 is empty here"
def patch(image, row, column, window):
    m = window // 2
    return image[row - m : row + m + 1, column - m : column + m + 1]

# %% wrong="patch" points=0 message="row and column are swapped"
def patch(image, row, column, window):
    padded = np.pad(image, window // 2, mode="reflect")
    return padded[column : column + window, row : row + window]

# %% wrong="patch" points=0 message="padding moves every pixel by m"
def patch(image, row, column, window):
    m = window // 2
    padded = np.pad(image, m, mode="reflect")
    return padded[row - m : row + m + 1, column - m : column + m + 1]

# %% wrong="patch" points=0 message="The pixel stands in the patch's corner"
def patch(image, row, column, window):
    padded = np.pad(image, window // 2, mode="reflect")
    m = window // 2
    return padded[row + m : row + m + window, column + m : column + m + window]

# %% [markdown]
# ## 2 A class for every pixel (3 points)
#
# `scores` is any classifier $f$: a function that takes one patch and returns $K$ numbers, one for each
# class. The class of a pixel is the place of the largest number that its patch gets, counted from 0:
#
# $$\text{class}[r, c] = \operatorname{argmax}_k\; f_k\big(\text{patch around } [r, c]\big)$$
#
# The picture comes already continued by $m$ on every side. So the patch of pixel $[0, 0]$ begins at the
# upper left corner of `padded`, and there are as many pixels to classify as places for the window.
#
# In the picture, `scores` is `check.thirds`: it adds up the left, the middle and the right column of
# the patch. The class says which of the three is brightest.

# %%
plot.show(check.class_map_picture(), alt="In padded, 5 x 6, the framed window has column sums 2, 19 and 5, so its pixel in the class map, 3 x 4, is of class 1.")

# %% answer="class_map"
from collections.abc import Callable

def class_map(padded: np.ndarray, scores: Callable, window: int) -> np.ndarray:
    """The class of every pixel; padded has shape (H + window - 1, W + window - 1): shape (H, W)."""
    ### BEGIN SOLUTION
    height, width = (size - window + 1 for size in padded.shape)
    classes = np.zeros((height, width), dtype=int)
    for r, c in np.ndindex(height, width):
        classes[r, c] = np.argmax(scores(padded[r : r + window, c : c + window]))
    return classes
    ### END SOLUTION

# %% check="class_map"
check.class_map(class_map)

# %% [markdown]
# <details><summary>Hint 1</summary>Two loops, over the rows and the columns of the class map. How large is it, if a padded picture of 5 x 6 and a window of 3 give 3 x 4?</details>
#
# <details><summary>Hint 2</summary>Inside the loops: cut out <code>window</code> rows and columns beginning at [r, c], call <code>scores</code>, then <code>np.argmax</code>.</details>

# %% probe="class_map" points=1
weights = rng.normal(size=(2, 9))
show(class_map(rng.normal(size=(7, 8)), lambda one: weights @ one.ravel(), 3))

# %% probe="class_map" points=1
weights = rng.normal(size=(4, 9))
show(class_map(rng.normal(size=(8, 7)), lambda one: weights @ one.ravel(), 3))

# %% probe="class_map" points=1
weights = rng.normal(size=(3, 25))
show(class_map(rng.normal(size=(9, 11)), lambda one: weights @ one.ravel(), 5))

# %% wrong="class_map" points=0 message="This is the best score, not its class"
def class_map(padded, scores, window):
    result = np.zeros([size - window + 1 for size in padded.shape])
    for r, c in np.ndindex(result.shape):
        result[r, c] = max(scores(padded[r : r + window, c : c + window]))
    return result

# %% wrong="class_map" points=1 message="Only the classes 0 and 1 are compared"
def class_map(padded, scores, window):
    result = np.zeros([size - window + 1 for size in padded.shape])
    for r, c in np.ndindex(result.shape):
        found = scores(padded[r : r + window, c : c + window])
        result[r, c] = found[1] > found[0]
    return result

# %% wrong="class_map" points=0 message="Rows and columns of the class map are swapped"
def class_map(padded, scores, window):
    rows, columns = (size - window + 1 for size in padded.shape)
    return [[np.argmax(scores(padded[r : r + window, c : c + window])) for r in range(rows)]
            for c in range(columns)]

# %% wrong="class_map" points=0 message="The window moves by its own width"
def class_map(padded, scores, window):
    rows, columns = (range(0, size - window + 1, window) for size in padded.shape)
    return [[np.argmax(scores(padded[r : r + window, c : c + window])) for c in columns]
            for r in rows]

# %% wrong="class_map" points=0 message="Every pixel got the class of the first patch"
def class_map(padded, scores, window):
    result = np.zeros([size - window + 1 for size in padded.shape])
    result[:] = np.argmax(scores(padded[:window, :window]))
    return result

# %% wrong="class_map" points=0 message="The last row and column of places are missing"
def class_map(padded, scores, window):
    result = np.zeros([size - window for size in padded.shape])
    for r, c in np.ndindex(result.shape):
        result[r, c] = np.argmax(scores(padded[r : r + window, c : c + window]))
    return result

# %% [markdown]
# ## 3 How often the same value is computed (3 points)
#
# Along one axis the window stands at `places` places, one pixel apart. At each of them a layer computes
# `outputs` values, `stride` pixels apart. Value $j$ of the window at place $i$ belongs to pixel
# $p = i + j s$ of the continued picture. Neighbouring windows compute the same values again; count how
# often each is computed:
#
# $$t[p] = \text{number of pairs } (i, j) \text{ with } i + j\, s = p
# \qquad 0 \le i < \text{places}, \quad 0 \le j < \text{outputs}, \quad 0 \le p < \text{places} + (\text{outputs} - 1)\, s$$
#
# For the pixels themselves the stride is 1 and `outputs` is the window. In two dimensions the counts of
# both axes are multiplied: that is where the 1,089 of the lecture come from.

# %%
plot.show(check.times_computed_picture(), alt="Five windows of three values, two apart, and the sums of the columns: 1 1 2 2 3 2 2 1 1.")

# %% answer="times_computed"
def times_computed(places: int, outputs: int, stride: int) -> np.ndarray:
    """How often each value along an axis is computed: shape (places + (outputs - 1) * stride,)."""
    ### BEGIN SOLUTION
    times = np.zeros(places + (outputs - 1) * stride, dtype=int)
    for place in range(places):
        times[place : place + outputs * stride : stride] += 1
    return times
    ### END SOLUTION

# %% check="times_computed"
check.times_computed(times_computed)

# %% [markdown]
# <details><summary>Hint 1</summary>Begin with zeros. Go through all windows, and in each through its values: every pair (i, j) adds one somewhere.</details>
#
# <details><summary>Hint 2</summary>The window moves by 1, whatever the stride: the pair (i, j) counts at i + j · stride.</details>

# %% probe="times_computed" points=1
for _ in range(2):
    show(times_computed(int(rng.integers(6, 20)), int(rng.integers(3, 6)), 1))

# %% probe="times_computed" points=1
for stride in (2, 3):
    show(times_computed(int(rng.integers(12, 20)), int(rng.integers(3, 6)), stride))

# %% probe="times_computed" points=1
for stride in (4, 8):
    show(times_computed(int(rng.integers(2, 4)), int(rng.integers(4, 7)), stride))

# %% wrong="times_computed" points=1 message="This is the answer for stride=1"
def times_computed(places, outputs, stride):
    times = np.zeros(places + outputs - 1)
    for place in range(places):
        times[place : place + outputs] += 1
    return times

# %% wrong="times_computed" points=1 message="Here the window moves by stride"
def times_computed(places, outputs, stride):
    times = np.zeros((places - 1) * stride + outputs)
    for place in range(places):
        times[place * stride : place * stride + outputs] += 1
    return times

# %% wrong="times_computed" points=1 message="step by stride inside it"
def times_computed(places, outputs, stride):
    times = np.zeros(places + (outputs - 1) * stride)
    for place in range(places):
        times[place : place + (outputs - 1) * stride + 1] += 1
    return times

# %% wrong="times_computed" points=1 message="Each value counts once here"
def times_computed(places, outputs, stride):
    times = np.zeros(places + (outputs - 1) * stride)
    for place in range(places):
        times[place : place + outputs * stride : stride] = 1
    return times

# %% wrong="times_computed" points=0 message="These counts forget the border"
def times_computed(places, outputs, stride):
    return np.full(places + (outputs - 1) * stride, outputs)

# %% wrong="times_computed" points=0 message="The counts end too early"
def times_computed(places, outputs, stride):
    times = np.zeros(places)
    for place in range(places):
        times[place : place + outputs * stride : stride] += 1
    return times
