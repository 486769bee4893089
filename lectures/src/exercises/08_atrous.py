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
# ## 1 A kernel with holes (4 points)
#
# At the rate $d$, neighbouring weights read inputs that lie $d$ apart. Without padding there is an
# output wherever the whole kernel fits:
#
# $$y_i = \sum_{j=0}^{k-1} w_j \, x_{i + d j} \qquad 0 \le i < m, \qquad m = n - d\,(k - 1)$$

# %%
from segviz import plot

plot.show(check.atrous_picture(), alt="At rate 2 the kernel 1, 2, 3 reads inputs 0, 2 and 4: 3, 4 and 5. The outputs are 26, 30, 20.")

# %% answer="atrous"
def atrous(x: np.ndarray, kernel: np.ndarray, rate: int) -> np.ndarray:
    """The atrous convolution of x, shape (n,), with kernel, shape (k,): shape (m,)."""
    ### BEGIN SOLUTION
    outputs = len(x) - rate * (len(kernel) - 1)
    y = np.zeros(outputs)
    for j, weight in enumerate(kernel):
        y += weight * x[j * rate : j * rate + outputs]
    return y
    ### END SOLUTION

# %% check="atrous"
check.atrous(atrous)

# %% [markdown]
# <details><summary>Hint 1</summary>How many outputs are there? Work out the first one by hand.</details>
#
# <details><summary>Hint 2</summary>Two loops do it: over the outputs i, and over the weights j.</details>
#
# <details><summary>Hint 3</summary>Weight j is multiplied with x[i + rate · j].</details>

# %% probe="atrous" points=1
show(atrous(rng.normal(size=7), rng.normal(size=3), 1))

# %% probe="atrous" points=2
show(atrous(rng.normal(size=9), rng.normal(size=3), 2))
show(atrous(rng.normal(size=10), rng.normal(size=3), 3))

# %% probe="atrous" points=1
show(atrous(rng.normal(size=12), rng.normal(size=5), 2))
show(atrous(rng.normal(size=8), rng.normal(size=2), 4))

# %% wrong="atrous" points=0 message="The kernel is mirrored"
def atrous(x, kernel, rate):
    outputs = len(x) - rate * (len(kernel) - 1)
    return sum(w * x[j * rate : j * rate + outputs] for j, w in enumerate(kernel[::-1]))

# %% wrong="atrous" points=1 message="This is the answer for rate=1"
def atrous(x, kernel, rate):
    return np.correlate(x, kernel, mode="valid")

# %% wrong="atrous" points=0 message="The taps lie rate + 1 apart"
def atrous(x, kernel, rate):
    outputs = len(x) - (rate + 1) * (len(kernel) - 1)
    return sum(w * x[j * (rate + 1) : j * (rate + 1) + outputs] for j, w in enumerate(kernel))

# %% wrong="atrous" points=1 message="This is a stride"
def atrous(x, kernel, rate):
    return np.correlate(x, kernel, mode="valid")[::rate]

# %% wrong="atrous" points=0 message="Zeros were added at both ends"
def atrous(x, kernel, rate):
    reach = rate * (len(kernel) - 1)
    padded = np.pad(x, (reach // 2, reach - reach // 2))
    return sum(w * padded[j * rate : j * rate + len(x)] for j, w in enumerate(kernel))

# %% wrong="atrous" points=0 message="The last output is missing"
def atrous(x, kernel, rate):
    outputs = len(x) - rate * (len(kernel) - 1) - 1
    return sum(w * x[j * rate : j * rate + outputs] for j, w in enumerate(kernel))

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
