# %% [markdown] exercise={"withhold": ["segviz.ops", "segviz.plot", "segviz.widgets", "segviz.models", "segviz.losses", "segviz.metrics", "segviz.transforms", "segviz.explain_shapes", "segviz._trace", "segviz.cost", "torch", "torchvision", "skimage", "scipy.ndimage"], "tolerance": 1e-6}
# # Exercise 07: encoder and decoder
#
# Three small functions from U-Net and V-Net: the Dice loss, the size that comes out, and the crop of
# a shortcut. Write each one where it says `NotImplementedError`, run its cell, then run the check
# below it. The text under each check is what you are after; running the check replaces it with what
# your function gives.
#
# Checks here are visible ones. The mark comes from hidden checks on other numbers; an answer within
# $10^{-6}$ of the right one gets full points. Write plain functions: no other part of `segviz`,
# nor torch, skimage or scipy.ndimage, is there when your answers are judged.

# %% setup=true
import numpy as np

from segviz.exercises import encoder_decoder as check

# %% [markdown]
# ## 1 The Dice loss of V-Net (3 points)
#
# The network says how probable it is that voxel $i$ belongs to the object, $p_i$. The truth is
# $g_i = 1$ in the object, and 0 elsewhere. $D$ is 1 where the two agree, and 0 where they do not
# overlap. All sums run over all voxels of the volume:
#
# $$D = \frac{2 \sum_i p_i g_i}{\sum_i p_i^2 + \sum_i g_i^2} \qquad\qquad L = 1 - D$$
#
# Mind the squares: V-Net has them, many other versions of this loss do not.

# %%
from segviz import plot

plot.show(check.dice_picture(), alt="Four voxels: p is 0.5, 0.5, 0.5, 0 and g is 0, 1, 1, 1; their product is 0, 0.5, 0.5, 0.")

# %% answer="dice_loss"
def dice_loss(p: np.ndarray, g: np.ndarray) -> float:
    """The loss L of one volume; p and g have one shape, with any number of axes."""
    ### BEGIN SOLUTION
    overlap = np.sum(p * g)
    return 1 - 2 * overlap / (np.sum(p**2) + np.sum(g**2))
    ### END SOLUTION

# %% check="dice_loss"
check.dice_loss(dice_loss)

# %% [markdown]
# <details><summary>Hint 1</summary>p * g multiplies voxel by voxel, and np.sum adds up over all axes.</details>
#
# <details><summary>Hint 2</summary>Work out the four voxels of the picture: 2 · 1 / (0.75 + 3).</details>

# %% probe="dice_loss" points=1
for _ in range(6):
    p, g = rng.integers(0, 2, (2, 15)).astype(float)
    p[:2], g[:2] = [1, 0], [1, 1]
    show(dice_loss(p, g))

# %% probe="dice_loss" points=1
for _ in range(3):
    show(dice_loss(0.1 + 0.8 * rng.random(12), rng.permutation([0.0, 1.0] * 6)))

# %% probe="dice_loss" points=1
g = rng.permutation([0.0, 1.0] * 12).reshape(2, 3, 4)
show(dice_loss(0.1 + 0.8 * rng.random((2, 3, 4)), g))

# %% wrong="dice_loss" points=1 message="The squares are missing"
def dice_loss(p, g):
    return 1 - 2 * np.sum(p * g) / (np.sum(p) + np.sum(g))

# %% wrong="dice_loss" points=0 message="This is D"
def dice_loss(p, g):
    return 2 * np.sum(p * g) / (np.sum(p**2) + np.sum(g**2))

# %% wrong="dice_loss" points=0 message="The factor 2 is missing"
def dice_loss(p, g):
    return 1 - np.sum(p * g) / (np.sum(p**2) + np.sum(g**2))

# %% wrong="dice_loss" points=0 message="The overlap was taken off below"
def dice_loss(p, g):
    overlap = np.sum(p * g)
    return 1 - overlap / (np.sum(p**2) + np.sum(g**2) - overlap)

# %% wrong="dice_loss" points=1 message="p was rounded to 0 or 1"
def dice_loss(p, g):
    p = (p >= 0.5).astype(float)
    return 1 - 2 * np.sum(p * g) / (np.sum(p**2) + np.sum(g**2))

# %% wrong="dice_loss" points=0 message="1 was added above and below"
def dice_loss(p, g):
    return 1 - (2 * np.sum(p * g) + 1) / (np.sum(p**2) + np.sum(g**2) + 1)

# %% wrong="dice_loss" points=2 message="Only the first axis was added up"
def dice_loss(p, g):
    return 1 - 2 * sum(p * g) / (sum(p**2) + sum(g**2))

# %% [markdown]
# ## 2 Which sizes fit, and what comes out (4 points)
#
# U-Net as in the paper, with `depth` levels above the bottom. No convolution is padded, so each 3x3
# convolution takes 2 rows away, and there are two of them at each level, down and up, and at the
# bottom:
#
# - **down**, `depth` times: $n \to n - 4$, which must be even, and then the pooling: $n \to n / 2$;
# - **bottom**: $n \to n - 4$;
# - **up**, `depth` times: the up-convolution, $n \to 2 n$, and then $n \to n - 4$.
#
# A size does not fit if a map that is to be halved is odd, or if a map is used up (has no row left).

# %%
plot.show(check.size_picture(), alt="Down: 60 58 56, 28 26 24, 12 10 8. Up from the bottom: 16 14 12, then 24 22 20.")

# %% answer="unet_size"
def unet_size(n: int, depth: int) -> int:
    """The rows that come out if n rows go in, or 0 if n does not fit."""
    ### BEGIN SOLUTION
    for _ in range(depth):
        n = n - 4
        if n < 1 or n % 2 == 1:
            return 0
        n = n // 2
    n = n - 4
    for _ in range(depth):
        n = 2 * n - 4
    return max(n, 0)
    ### END SOLUTION

# %% check="unet_size"
check.unet_size(unet_size)

# %% [markdown]
# <details><summary>Hint 1</summary>Two loops with depth steps each, and the bottom between them.</details>
#
# <details><summary>Hint 2</summary>Ask whether n is odd just before you halve it, at every level.</details>
#
# <details><summary>Hint 3</summary>Once a map has no row left, nothing above 0 comes out any more: test it at the end.</details>

# %% probe="unet_size" points=1
for level in rng.integers(11, 60, 6):
    show(unet_size(16 * int(level) + 12, 4))

# %% probe="unet_size" points=1
for n in rng.integers(25, 60, 4):
    show([unet_size(2 * int(n), 1), unet_size(4 * int(n), 2), unet_size(8 * int(n) + 4, 3)])

# %% probe="unet_size" points=1
first = int(rng.integers(120, 300))
show([unet_size(n, 3) for n in range(first, first + 16)])

# %% probe="unet_size" points=1
show([unet_size(int(n), 2) for n in 4 * rng.permutation(14)[:10]])
show([unet_size(n, 1) for n in (6, 8, 12, 16, 18)])

# %% wrong="unet_size" points=3 message="An odd map was halved"
def unet_size(n, depth):
    for _ in range(depth):
        n = (n - 4) // 2
    n = n - 4
    for _ in range(depth):
        n = 2 * n - 4
    return max(n, 0)

# %% wrong="unet_size" points=3 message="Only the first map is tested"
def unet_size(n, depth):
    if n % 2:
        return 0
    for _ in range(depth):
        n = (n - 4) // 2
    n = n - 4
    for _ in range(depth):
        n = 2 * n - 4
    return max(n, 0)

# %% wrong="unet_size" points=3 message="A map was used up"
def unet_size(n, depth):
    for _ in range(depth):
        n = n - 4
        if n % 2:
            return 0
        n = n // 2
    n = n - 4
    for _ in range(depth):
        n = 2 * n - 4
    return n

# %% wrong="unet_size" points=0 message="The two convolutions at the bottom are missing"
def unet_size(n, depth):
    for _ in range(depth):
        n = n - 4
        if n < 1 or n % 2:
            return 0
        n = n // 2
    for _ in range(depth):
        n = 2 * n - 4
    return max(n, 0)

# %% wrong="unet_size" points=0 message="The convolutions of the way up are missing"
def unet_size(n, depth):
    for _ in range(depth):
        n = n - 4
        if n < 1 or n % 2:
            return 0
        n = n // 2
    return max(2**depth * (n - 4), 0)

# %% wrong="unet_size" points=0 message="0 says that n does not fit, but it does"
def unet_size(n, depth):
    for _ in range(depth):
        n = n - 2
        if n < 1 or n % 2:
            return 0
        n = n // 2
    n = n - 2
    for _ in range(depth):
        n = 2 * n - 2
    return max(n, 0)

# %% wrong="unet_size" points=0 message="This is the padded U-Net"
def unet_size(n, depth):
    return 0 if n % 2**depth else n

# %% wrong="unet_size" points=1 message="n - 184 holds for depth 4 only"
def unet_size(n, depth):
    return max(n - 184, 0) if n % 16 == 12 else 0

# %% [markdown]
# ## 3 The crop of a shortcut (3 points)
#
# The map that a shortcut brings is larger than the one that comes from below. Its middle is kept: of
# $H$ rows the $h$ rows from number $t$ on, and of the columns likewise:
#
# $$t = \left\lfloor \frac{H - h}{2} \right\rfloor \qquad\qquad l = \left\lfloor \frac{W - w}{2} \right\rfloor$$

# %%
plot.show(check.crop_picture(), alt="Of 5 x 6 numbers, the middle 3 x 2 are kept.")

# %% answer="crop"
def crop(skip: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The middle of skip, shape (C, H, W), with all its channels: shape (C, h, w), size = (h, w)."""
    ### BEGIN SOLUTION
    (height, width), (h, w) = skip.shape[1:], size
    top, left = (height - h) // 2, (width - w) // 2
    return skip[:, top : top + h, left : left + w]
    ### END SOLUTION

# %% check="crop"
check.crop(crop)

# %% [markdown]
# <details><summary>Hint 1</summary>A slice: the first axis is kept whole, the other two from t to t + h and from l to l + w.</details>
#
# <details><summary>Hint 2</summary>What does x[0:-0] give? So do not count from the end.</details>

# %% probe="crop" points=1
show(crop(rng.normal(size=(2, 8, 6)), (4, 4)))
show(crop(rng.normal(size=(3, 6, 10)), (4, 2)))

# %% probe="crop" points=1
show(crop(rng.normal(size=(2, 7, 8)), (4, 3)))

# %% probe="crop" points=1
show(crop(rng.normal(size=(2, 5, 7)), (5, 3)))
show(crop(rng.normal(size=(2, 6, 4)), (4, 4)))

# %% wrong="crop" points=0 message="This is the upper left corner"
def crop(skip, size):
    return skip[:, : size[0], : size[1]]

# %% wrong="crop" points=0 message="This is the lower right corner"
def crop(skip, size):
    height, width = skip.shape[1:]
    return skip[:, height - size[0] :, width - size[1] :]

# %% wrong="crop" points=1 message="Counted from the end"
def crop(skip, size):
    top, left = (skip.shape[1] - size[0]) // 2, (skip.shape[2] - size[1]) // 2
    return skip[:, top:-top, left:-left]

# %% wrong="crop" points=2 message="The margin was rounded up"
def crop(skip, size):
    top, left = -((size[0] - skip.shape[1]) // 2), -((size[1] - skip.shape[2]) // 2)
    return skip[:, top : top + size[0], left : left + size[1]]

# %% wrong="crop" points=0 message="Rows and columns have the same margin"
def crop(skip, size):
    top = (skip.shape[1] - size[0]) // 2
    return skip[:, top : top + size[0], top : top + size[1]]

# %% wrong="crop" points=0 message="The map was made smaller"
def crop(skip, size):
    rows = np.arange(size[0]) * skip.shape[1] // size[0]
    columns = np.arange(size[1]) * skip.shape[2] // size[1]
    return skip[:, rows][:, :, columns]

# %% wrong="crop" points=0 message="Only the first channel is left"
def crop(skip, size):
    top, left = (skip.shape[1] - size[0]) // 2, (skip.shape[2] - size[1]) // 2
    return skip[:1, top : top + size[0], left : left + size[1]]
