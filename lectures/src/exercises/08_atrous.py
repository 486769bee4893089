# %% [markdown] exercise={"withhold": ["segviz.ops", "segviz.plot", "segviz.widgets", "segviz.models", "segviz.explain_shapes", "segviz.receptive_field", "segviz._trace", "segviz.cost", "torch", "torchvision", "scipy.signal", "scipy.ndimage", "skimage"], "tolerance": 1e-6}
# # Exercise 08: atrous convolution
#
# Three small functions: the convolution with holes, how far a stack of layers sees, and what it sees
# of that. Write each one where it says `NotImplementedError`, run its cell, then run the check below
# it. The text under each check is what you are after; running the check replaces it with what your
# function gives.
#
# Checks here are visible ones. The mark comes from hidden checks on other numbers; an answer within
# $10^{-6}$ of the right one gets full points. Write plain functions: no other part of `segviz`,
# nor torch, skimage or scipy's convolutions, is there when your answers are judged.

# %% setup=true
import numpy as np

from segviz.exercises import atrous as check

# %% [markdown]
# ## 1 A kernel with holes, in two dimensions (4 points)
#
# The lecture convolves a row of numbers. In a picture of $H \times W$ pixels, neighbouring weights
# read pixels that lie $d$ apart, down and across. Without padding there is an output wherever the
# whole kernel of $k_h \times k_w$ weights fits:
#
# $$y_{r,c} = \sum_{i=0}^{k_h-1} \sum_{j=0}^{k_w-1} w_{i,j} \, x_{r + d i,\, c + d j} \qquad 0 \le r < H - d\,(k_h - 1), \quad 0 \le c < W - d\,(k_w - 1)$$

# %%
from segviz import plot

plot.show(check.atrous_picture(), alt="At rate 2 the kernel with the rows 1, 2 and 3, 4 reads the pixels 3, 4, 5 and 9 in the corners of the first three rows and columns. The first output is 62.")

# %% answer="atrous2d"
def atrous2d(image: np.ndarray, kernel: np.ndarray, rate: int) -> np.ndarray:
    """The atrous convolution of image, shape (H, W), with kernel, shape (k_h, k_w), no padding."""
    ### BEGIN SOLUTION
    rows, columns = np.array(image.shape) - rate * (np.array(kernel.shape) - 1)
    y = np.zeros((rows, columns))
    for (i, j), weight in np.ndenumerate(kernel):
        y += weight * image[i * rate : i * rate + rows, j * rate : j * rate + columns]
    return y
    ### END SOLUTION

# %% check="atrous2d"
check.atrous2d(atrous2d)

# %% [markdown]
# <details><summary>Hint 1</summary>How many rows and columns of outputs are there? Work out the first one by hand.</details>
#
# <details><summary>Hint 2</summary>Four loops do it: over the outputs r and c, and over the weights i and j.</details>
#
# <details><summary>Hint 3</summary>Weight [i, j] is multiplied with image[r + rate · i, c + rate · j].</details>

# %% probe="atrous2d" points=1
show(atrous2d(rng.normal(size=(5, 6)), rng.normal(size=(2, 3)), 1))
show(atrous2d(rng.normal(size=(4, 5)), rng.normal(size=(3, 3)), 1))

# %% probe="atrous2d" points=2
show(atrous2d(rng.normal(size=(7, 8)), rng.normal(size=(2, 3)), 2))
show(atrous2d(rng.normal(size=(6, 9)), rng.normal(size=(2, 3)), 3))

# %% probe="atrous2d" points=1
show(atrous2d(rng.normal(size=(9, 9)), rng.normal(size=(3, 3)), 2))
show(atrous2d(rng.normal(size=(6, 7)), rng.normal(size=(2, 2)), 4))

# %% wrong="atrous2d" points=0 message="The kernel is mirrored"
def atrous2d(image, kernel, rate):
    rows, columns = np.array(image.shape) - rate * (np.array(kernel.shape) - 1)
    return sum(w * image[i * rate : i * rate + rows, j * rate : j * rate + columns]
               for (i, j), w in np.ndenumerate(kernel[::-1, ::-1]))

# %% wrong="atrous2d" points=0 message="The kernel's axes are swapped"
def atrous2d(image, kernel, rate):
    kernel = kernel.T
    rows, columns = np.array(image.shape) - rate * (np.array(kernel.shape) - 1)
    return sum(w * image[i * rate : i * rate + rows, j * rate : j * rate + columns]
               for (i, j), w in np.ndenumerate(kernel))

# %% wrong="atrous2d" points=1 message="This is the answer for rate=1"
def atrous2d(image, kernel, rate):
    rate = 1
    rows, columns = np.array(image.shape) - rate * (np.array(kernel.shape) - 1)
    return sum(w * image[i * rate : i * rate + rows, j * rate : j * rate + columns]
               for (i, j), w in np.ndenumerate(kernel))

# %% wrong="atrous2d" points=0 message="The taps lie rate + 1 apart"
def atrous2d(image, kernel, rate):
    rate = rate + 1
    rows, columns = np.array(image.shape) - rate * (np.array(kernel.shape) - 1)
    return sum(w * image[i * rate : i * rate + rows, j * rate : j * rate + columns]
               for (i, j), w in np.ndenumerate(kernel))

# %% wrong="atrous2d" points=1 message="This is a stride"
def atrous2d(image, kernel, rate):
    rows, columns = np.array(image.shape) - np.array(kernel.shape) + 1
    y = sum(w * image[i : i + rows, j : j + columns] for (i, j), w in np.ndenumerate(kernel))
    return y[::rate, ::rate]

# %% wrong="atrous2d" points=0 message="Zeros were added around"
def atrous2d(image, kernel, rate):
    reach = [rate * (k - 1) for k in kernel.shape]
    image = np.pad(image, [(n // 2, n - n // 2) for n in reach])
    rows, columns = np.array(image.shape) - rate * (np.array(kernel.shape) - 1)
    return sum(w * image[i * rate : i * rate + rows, j * rate : j * rate + columns]
               for (i, j), w in np.ndenumerate(kernel))

# %% wrong="atrous2d" points=0 message="The last row and column are missing"
def atrous2d(image, kernel, rate):
    rows, columns = np.array(image.shape) - rate * (np.array(kernel.shape) - 1) - 1
    return sum(w * image[i * rate : i * rate + rows, j * rate : j * rate + columns]
               for (i, j), w in np.ndenumerate(kernel))

# %% wrong="atrous2d" points=1 message="but not the columns"
def atrous2d(image, kernel, rate):
    rows, columns = len(image) - rate * (len(kernel) - 1), image.shape[1] - kernel.shape[1] + 1
    return sum(w * image[i * rate : i * rate + rows, j : j + columns]
               for (i, j), w in np.ndenumerate(kernel))

# %% [markdown]
# ## 2 How far a stack sees (3 points)
#
# Layer $l$ has a kernel of $k_l$, the stride $s_l$ and the rate $d_l$. A step on its input is as long
# as all strides before it together, the **jump** $j$. So the receptive field $r$ grows by the reach of
# the kernel, less one, in jumps:
#
# $$r_0 = 1, \quad j_0 = 1, \qquad r_l = r_{l-1} + (k_l - 1)\, d_l \, j_{l-1}, \qquad j_l = j_{l-1} \, s_l$$

# %%
plot.show(check.field_picture(), alt="A unit reads three units that lie two inputs apart, and each of them three inputs: seven in all.")

# %% answer="receptive_field"
def receptive_field(layers: list[tuple[int, int, int]]) -> int:
    """The number of inputs from the first to the last that a unit behind all layers sees.

    Each layer is (kernel_size, stride, rate); the first one reads the input.
    """
    ### BEGIN SOLUTION
    field, jump = 1, 1
    for kernel_size, stride, rate in layers:
        field += (kernel_size - 1) * rate * jump
        jump *= stride
    return field
    ### END SOLUTION

# %% check="receptive_field"
check.receptive_field(receptive_field)

# %% [markdown]
# <details><summary>Hint 1</summary>Keep two numbers, and go through the layers from first to last.</details>
#
# <details><summary>Hint 2</summary>A layer's own stride changes the steps of the layers behind it, not its own.</details>

# %% probe="receptive_field" points=1
for _ in range(8):
    rows = rng.integers(2, 6, (4, 2))
    show(receptive_field([(int(k), 1, int(d)) for k, d in rows]))

# %% probe="receptive_field" points=1
for _ in range(8):
    rows = rng.integers(2, 5, (4, 2))
    show(receptive_field([(int(k), int(s), 1) for k, s in rows]))

# %% probe="receptive_field" points=1
for _ in range(8):
    rows = rng.integers(2, 5, (3, 3))
    show(receptive_field([tuple(map(int, row)) for row in rows]))

# %% wrong="receptive_field" points=1 message="The rates are missing"
def receptive_field(layers):
    field, jump = 1, 1
    for kernel_size, stride, rate in layers:
        field, jump = field + (kernel_size - 1) * jump, jump * stride
    return field

# %% wrong="receptive_field" points=1 message="The strides are missing"
def receptive_field(layers):
    return 1 + sum((kernel_size - 1) * rate for kernel_size, _, rate in layers)

# %% wrong="receptive_field" points=1 message="A layer's own stride is counted too early"
def receptive_field(layers):
    field, jump = 1, 1
    for kernel_size, stride, rate in layers:
        jump *= stride
        field += (kernel_size - 1) * rate * jump
    return field

# %% wrong="receptive_field" points=1 message="Only the stride just before is counted"
def receptive_field(layers):
    field, jump = 1, 1
    for kernel_size, stride, rate in layers:
        field, jump = field + (kernel_size - 1) * rate * jump, stride
    return field

# %% wrong="receptive_field" points=1 message="The layers were taken from last to first"
def receptive_field(layers):
    field, jump = 1, 1
    for kernel_size, stride, rate in reversed(layers):
        field, jump = field + (kernel_size - 1) * rate * jump, jump * stride
    return field

# %% wrong="receptive_field" points=0 message="Each layer adds k * d"
def receptive_field(layers):
    field, jump = 1, 1
    for kernel_size, stride, rate in layers:
        field, jump = field + kernel_size * rate * jump, jump * stride
    return field

# %% wrong="receptive_field" points=0 message="Begin with one input"
def receptive_field(layers):
    field, jump = 0, 1
    for kernel_size, stride, rate in layers:
        field, jump = field + (kernel_size - 1) * rate * jump, jump * stride
    return field

# %% [markdown]
# ## 3 What it sees of that: gridding (3 points)
#
# In a stack of layers with kernels of three and stride 1, a layer of rate $d$ steps by $-d$, $0$ or
# $+d$. A unit sees every input that one step in each layer leads to:
#
# $$\{\, t_1 d_1 + t_2 d_2 + \dots + t_L d_L \;:\; t_l \in \{-1, 0, 1\} \,\}$$
#
# They lie in a field of $2\,(d_1 + \dots + d_L) + 1$ inputs, with the unit in the middle. Which of
# those does it see?

# %%
plot.show(check.seen_picture(), alt="Of 9 inputs, rates 2, 2 see every other one; of 11, rates 1, 4 leave out two.")

# %% answer="seen"
def seen(rates: list[int]) -> np.ndarray:
    """True or 1 for each input of the field that is seen, else 0; shape (2 * sum(rates) + 1,)."""
    ### BEGIN SOLUTION
    places = {sum(rates)}
    for rate in rates:
        places = {place + step for place in places for step in (-rate, 0, rate)}
    return np.isin(np.arange(2 * sum(rates) + 1), list(places))
    ### END SOLUTION

# %% check="seen"
check.seen(seen)

# %% [markdown]
# <details><summary>Hint 1</summary>Begin with the place in the middle, which is number sum(rates).</details>
#
# <details><summary>Hint 2</summary>For each layer, replace every place by three.</details>
#
# <details><summary>Hint 3</summary>A set keeps a place once, however many ways lead to it.</details>

# %% probe="seen" points=1
for factor in (2, 3):
    show(seen([factor * int(rate) for rate in rng.permutation([1, 1, 2])]))
    show(seen([factor * int(rate) for rate in rng.permutation([1, 2, int(rng.integers(2, 5))])]))

# %% probe="seen" points=1
show(seen([1, int(rng.integers(4, 9))]))
show(seen([int(rate) for rate in rng.permutation([1, 2, int(rng.integers(8, 11))])]))

# %% probe="seen" points=1
for _ in range(3):
    show(seen([int(rate) for rate in rng.permutation([1, 2, int(rng.integers(3, 8))])]))

# %% wrong="seen" points=1 message="This is the whole field"
def seen(rates):
    return np.ones(2 * sum(rates) + 1, dtype=bool)

# %% wrong="seen" points=0 message="These are the numbers of ways"
def seen(rates):
    counts = np.ones(1, dtype=int)
    for rate in rates:
        kernel = np.zeros(2 * rate + 1, dtype=int)
        kernel[::rate] = 1
        counts = np.convolve(counts, kernel)
    return counts

# %% wrong="seen" points=0 message="Every layer is taken by itself"
def seen(rates):
    middle, result = sum(rates), np.zeros(2 * sum(rates) + 1, dtype=bool)
    for rate in rates:
        result[[middle - rate, middle, middle + rate]] = True
    return result

# %% wrong="seen" points=0 message="The middle tap is missing"
def seen(rates):
    places = {sum(rates)}
    for rate in rates:
        places = {place + step for place in places for step in (-rate, rate)}
    return np.isin(np.arange(2 * sum(rates) + 1), list(places))

# %% wrong="seen" points=2 message="This looks for a common factor only"
def seen(rates):
    places = np.arange(2 * sum(rates) + 1) - sum(rates)
    return places % np.gcd.reduce(rates) == 0

# %% wrong="seen" points=0 message="These are the places"
def seen(rates):
    places = {sum(rates)}
    for rate in rates:
        places = {place + step for place in places for step in (-rate, 0, rate)}
    return np.array(sorted(places))
