# %% [markdown]
# # 02 Convolution
#
# After this lecture you can
#
# - **compute** one value of a convolution by hand, and the size of the result for any kernel size, stride and padding;
# - **choose** a kernel that blurs, sharpens or finds edges, and say what ReLU throws away;
# - **pool** a small grid by maximum and by average, and name what is lost.
#
# *How to use this page:* run the cells from top to bottom (Shift+Enter). Stop at each **Predict first** and write your answer down before you go on.

# %%
import numpy as np
import torch

import segviz
from segviz import datasets, models, ops, plot, widgets

# %% [markdown]
# ## 1. One value is one dot product
#
# Lay a small grid of numbers, the **kernel** $w$, on a picture $x$. Multiply what lies on top of each other. Add up. That is one value of the result. Then move the kernel by one step and do it again:
#
# $$y[r, c] = \sum_{i} \sum_{j} w[i, j]\; x[r + i,\; c + j]$$
#
# Rows come first, columns second, and counting starts at 0, here and everywhere in this course.

# %%
x = np.array([[0, 0, 9, 9, 9],
              [0, 0, 9, 9, 9],
              [0, 0, 9, 9, 9],
              [0, 0, 9, 9, 9]])
kernel = np.array([[-1, 0, 1],
                   [-1, 0, 1],
                   [-1, 0, 1]])

# %% [markdown]
# > **Predict first.** The picture is dark on the left and bright on the right. The kernel fits in two rows and three columns of places. Which six numbers come out?
#
# Work out the first one with pen and paper: nine products, one sum.

# %% tags=["nbval-check-output"]
window = x[0:3, 0:3]
print(window * kernel)
print("sum:", (window * kernel).sum())

# %% tags=["nbval-check-output"]
ops.conv2d(x, kernel)

# %% [markdown]
# The kernel answers 27 wherever dark turns into bright from left to right, and 0 where nothing changes. It is an **edge detector**. Nobody told it where the edge is: the same nine numbers are used at every place.
#
# The whole operation is two loops. This is all there is:

# %% tags=["nbval-check-output"]
def convolve(x, kernel):
    kh, kw = kernel.shape
    y = np.zeros((x.shape[0] - kh + 1, x.shape[1] - kw + 1))
    for r in range(y.shape[0]):
        for c in range(y.shape[1]):
            y[r, c] = (x[r:r + kh, c:c + kw] * kernel).sum()
    return y

np.array_equal(convolve(x, kernel), ops.conv2d(x, kernel))

# %% [markdown]
# ## 2. Paint a kernel
#
# Now on a real picture. Start from a preset, or type your own numbers, or paint with the mouse. Move the cursor over the picture (or use the arrow keys) to see the dot product at that place.
#
# > **Predict first.** What does a kernel of nine times 1/9 do? And one that has 2 in the middle, from which you then take away 1/9 everywhere?

# %%
cat = datasets.picture("chelsea", size=(96, 96)).mean(0).numpy()
widgets.Convolution2D(cat)

# %% [markdown]
# Try this, in this order:
#
# 1. *blur*, *sharpen*, *edges*: add up the kernel's numbers. Sum 1 keeps the brightness. Sum 0 leaves only changes.
# 2. Change from vertical to horizontal edges. Which lines of the picture vanish?
# 3. Switch **ReLU** on. What was blue is gone: which side of each line was that?
# 4. Set the stride to 2, then the padding to 1. Read the size formula each time.
#
# Your own picture works too: drop the file into the folder of this notebook and write `widgets.Convolution2D(datasets.picture("me.jpg"))`.

# %% [markdown]
# The same in code. *Sharpen* is twice the picture minus the blurred picture: what blurring takes away is added once more.

# %%
blur = np.full((3, 3), 1 / 9)
sharpen = 2 * np.diag([0, 1, 0]) - blur
results = [cat] + [ops.conv2d(cat, one) for one in (blur, sharpen, kernel)]
names = ["picture", "blur", "sharpen", "edges"]
plot.show(plot.pictures(*results, titles=names, signed=[3]),
          alt="A cat's face as it is, blurred, sharpened, and only its vertical edges")

# %% tags=["nbval-check-output"]
for name, weights in [("blur", blur), ("sharpen", sharpen), ("edges", kernel)]:
    brightness = ops.conv2d(cat, weights).mean() / cat.mean()
    print(f"{name}: the kernel sums to {weights.sum():.0f}, brightness times {abs(brightness):.1f}")

# %% [markdown]
# ## 3. ReLU
#
# A network puts a **ReLU** behind nearly every convolution: $\max(0, y)$. Negative answers become 0.
#
# > **Predict first.** The edge kernel gives positive and negative values. Which share of them does ReLU set to zero on our picture: about a tenth, a half, or nine tenths?

# %%
edges = ops.conv2d(cat, kernel)
relu = np.maximum(edges, 0)
plot.show(plot.pictures(edges, relu, titles=["edges", "edges after ReLU"], signed=[0]),
          alt="The cat's vertical edges, blue where negative; after ReLU only the positive ones")

# %% tags=["nbval-check-output"]
print(f"{np.mean(relu == 0):.0%} of the values are zero after ReLU")

# %% [markdown]
# Why throw them away? Because without something non-linear in between, two convolutions are no better than one:

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(0)
first, second = rng.normal(size=(2, 3, 3))
one = ops.conv_transpose2d(first, second)  # one 5x5 kernel made of both (lecture 06 says how)
two_steps = ops.conv2d(ops.conv2d(cat, first), second)
with_relu = ops.conv2d(np.maximum(ops.conv2d(cat, first), 0), second)
print("two 3x3 kernels equal one 5x5 kernel:", np.allclose(two_steps, ops.conv2d(cat, one)))
print("still equal with ReLU in between:    ", np.allclose(with_relu, ops.conv2d(cat, one)))

# %% [markdown]
# ## 4. Stride, padding and the size of the result
#
# - **Stride** $s$: the step from one window to the next. Stride 2 skips every other place, so the result is half as large.
# - **Padding** $p$: rows and columns of zeros around the picture, so that the kernel can also stand on the border.
#
# For input size $n$ and kernel size $k$, along each axis:
#
# $$\text{output size} = \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1$$
#
# The brackets $\lfloor\;\rfloor$ mean: round down.
#
# > **Predict first.** A 3x3 kernel, stride 2, padding 1. What comes out of 5 rows? And of 6 rows?

# %% tags=["nbval-check-output"]
for n in [4, 5, 6, 7, 8]:
    print(f"{n} rows -> {ops.conv_output_size(n, 3, stride=2, padding=1)} rows")

# %% [markdown]
# 5 and 6 give the same size. With 6 rows the last step does not fit any more, and **nothing complains**. From the output alone you can't tell which of the two it was. Remember this: it comes back in lecture 05 (unpooling) and lecture 06 (`output_padding`).
#
# > **Predict first.** You want the result to be as large as the picture, at stride 1. Which padding does a 3x3 kernel need? A 5x5? A 4x4?

# %% tags=["nbval-check-output"]
for k in [3, 5, 4]:
    sizes = [ops.conv_output_size(100, k, padding=p) for p in range(4)]
    print(f"kernel {k}x{k}: padding 0, 1, 2, 3 gives {sizes}")

# %% [markdown]
# An odd kernel keeps the size with $p = (k-1)/2$. An even one never does: it has no middle. That is why nearly all kernels in this course are odd.
#
# ## 5. Pooling
#
# Convolutions are often used together with **pooling** layers. Pooling also looks through a window, but has nothing to learn: **max-pooling** keeps the largest value, **average pooling** the mean. The window usually is 2x2 with stride 2, so that each value is read once:
#
# $$y[r, c] = \max_{0 \le i, j < k} \; x[s r + i,\; s c + j]$$
#
# > **Predict first.** Below is a 4x4 grid. Write down its 2x2 max-pooling, then step through it. Two windows hold their largest value more than once: which place would you remember?

# %%
grid = np.array([[1, 3, 2, 0],
                 [4, 2, 2, 5],
                 [0, 1, 7, 7],
                 [1, 0, 7, 7]])
widgets.Pooling2D(grid, cat)

# %% [markdown]
# Try this, in this order:
#
# 1. Change a number that is not the largest of its window. What changes in the result? And in average mode?
# 2. Set the columns to 5. What happens to the last column? Then switch **ceil_mode** on.
# 3. Set the stride to 1: the windows overlap, and one large number fills many places.
# 4. Set the kernel size to 4 and look at the picture: what does the maximum do to fine dark lines, and the average?

# %% [markdown]
# The same in code. Max-pooling can also tell **where** each maximum stood, counted row by row from the top left corner. If a value stands there twice, the first place counts.

# %% tags=["nbval-check-output"]
values, indices = ops.max_pool2d(grid, kernel_size=2)
print("largest values\n", values)
print("where they stood\n", indices)
print("averages\n", ops.avg_pool2d(grid, kernel_size=2))

# %% [markdown]
# ### What pooling is good for, and what it costs
#
# A network pools to see further and to compute less. Each 2x2 pooling leaves a quarter of the values. And what one value can see of the picture, its **receptive field**, grows much faster:
#
# > **Predict first.** Five 3x3 convolutions, one after the other: how many pixels wide is the field that one value sees? And with a 2x2 pooling behind each of them?

# %% tags=["nbval-check-output"]
convolution, pooling = (3, 1), (2, 2)  # kernel size, stride
for layers in [5 * [convolution], 5 * [convolution, pooling]]:
    print(len(layers), "layers see", segviz.receptive_field(layers).size[0], "pixels")

# %% [markdown]
# The price is *where*: after a 2x2 max-pooling the exact place is lost. Let us measure how much the result changes when the cat moves to the right.
#
# > **Predict first.** People say 'max-pooling makes a network blind to small shifts'. Is the pooled picture the same after a shift by one pixel? By two?

# %% tags=["nbval-check-output"]
pooled = ops.max_pool2d(cat, 2)[0]
by_one, by_two = (ops.max_pool2d(np.roll(cat, step, axis=1), 2)[0] for step in (1, 2))
print(f"shift by 1: {np.isclose(by_one, pooled).mean():.0%} of the pooled values stay the same")
moved_along = np.allclose(by_two, np.roll(pooled, 1, axis=1))
print("shift by 2: the pooled picture moves by exactly one pixel:", moved_along)

# %% [markdown]
# Not blind at all. A shift by the stride moves the result along. A smaller shift changes most values. By how much, against the picture itself, and against average pooling?

# %% tags=["nbval-check-output"]
def change(pool):
    return np.abs(pool(np.roll(cat, 1, axis=1)) - pool(cat)).mean()

largest = change(lambda x: ops.max_pool2d(x, 2)[0])
average = change(lambda x: ops.avg_pool2d(x, 2))
print("Of the picture's own change")
print(f"max-pooling keeps {largest / change(np.array):.0%}")
print(f"average pooling keeps {average / change(np.array):.0%}")

# %% [markdown]
# Pooling *damps* a small shift by about a quarter, and the maximum does it no better than the average.
#
# ### Stride without care
#
# Stride 2 after nothing keeps every other pixel and throws three quarters of the picture away unseen. Fine stripes then turn into wrong ones (*aliasing*). Average pooling looks at all pixels first.
#
# > **Predict first.** Stripes that alternate every pixel, black and white. What is left after 'every other pixel'? After average pooling?

# %% tags=["nbval-check-output"]
stripes = np.tile([0.0, 1.0], (8, 8))
every_other = ops.conv2d(stripes, np.ones((1, 1)), stride=2)
print("every other pixel:", np.unique(every_other))
print("average pooling:  ", np.unique(ops.avg_pool2d(stripes, 2)))

# %% [markdown]
# The stripes have become plain black in one case (a picture that never existed) and an even grey in the other.
#
# ## 6. A kernel can be learned
#
# So far we chose the kernels. A network **learns** them: it starts with any numbers, compares what comes out with what is wanted, and changes each number a little in the direction that makes the difference smaller.
#
# > **Predict first.** We give it the cat, our picture of edges, and nine zeros to start from. Which nine numbers will it find in 300 steps?

# %%
picture, wanted = (torch.tensor(one, dtype=torch.float32)[None, None] for one in (cat, edges))
learned = torch.zeros(1, 1, 3, 3, requires_grad=True)
optimizer = torch.optim.Adam([learned], lr=0.1)
for _ in range(300):
    loss = (torch.nn.functional.conv2d(picture, learned) - wanted).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %% tags=["nbval-check-output"]
print(learned.detach()[0, 0].round().int().numpy())

# %% [markdown]
# Our edge detector, found from one example. Nobody told it what an edge is.
#
# ## 7. What a trained network looks at
#
# Now a network that has learned thousands of kernels: EfficientNet-Lite0, trained by its authors on more than a million photographs, and small enough for a telephone. What do its layers answer to your picture?
#
# To use **your own picture**: drop the file into the folder of this notebook (the list at the left of JupyterLab) and write its name instead of `"chelsea"`.

# %%
PICTURE = "chelsea"  # or your own file, such as "me.jpg"

mine = datasets.picture(PICTURE, size=(224, 224))
network = models.EfficientNetLite0(classifier=True).eval()
with torch.no_grad():
    features = network(mine[None])
for stride, maps in features.items():
    print(f"stride {stride:2}: {maps.shape[1]:4} maps of {maps.shape[2]} x {maps.shape[3]}")

# %% [markdown]
# > **Predict first.** The maps get smaller and their number grows. Down to which row will you still recognise the picture?

# %%
rows = {f"stride {stride}": maps[0, :6] for stride, maps in features.items()}
plot.show(plot.feature_maps(mine, rows),
          alt="Six maps of each of five depths: first fine edges, at last 7 x 7 coarse patches")

# %% [markdown]
# Early maps are edges and textures, with the picture's outlines in place. Deep maps are a few coarse patches: 7 rows and 7 columns for the whole picture. They hardly say *where* something is. Do they say *what* it is?
#
# The network was trained to tell 1000 classes apart, and it does so from the last maps alone.
#
# > **Predict first.** 7 x 7 places are left of the whole picture. Is that enough to name what is on it?

# %%
from torchvision.models import EfficientNet_B0_Weights

names = EfficientNet_B0_Weights.DEFAULT.meta["categories"]
with torch.no_grad():
    probability = network.logits(mine[None]).softmax(1)[0]
for number in probability.topk(3).indices:
    print(f"{names[number]}: {probability[number]:.0%}")

# %% [markdown]
# The early maps know *where*, the deep ones *what*. **Segmentation needs both.** Nearly everything in the lectures to come is about bringing the two together again.
#
# The kernels of the very first layer are small colour pictures: one slice for red, one for green, one for blue. They can still be looked at.
#
# > **Predict first.** Will there be edge detectors among them? How would you find out without looking? (Think of the sum in section 2.)

# %%
weights = network.stem.conv.weight.detach().numpy()
alive = weights[np.abs(weights).max(axis=(1, 2, 3)) > 0.01]
plot.show(plot.kernels(alive),
          alt="First-layer kernels in colour: some bright on one side, some plain blobs")

# %% tags=["nbval-check-output"]
left_over = np.abs(alive.sum(axis=(1, 2, 3))) / np.abs(alive).sum(axis=(1, 2, 3))
print(f"{len(weights)} kernels, {len(weights) - len(alive)} of them practically zero")
print(f"in {np.sum(left_over < 0.2)} the numbers cancel: they answer only to changes")

# %% [markdown]
# About half of them look for changes, like our kernel of section 1. Nobody put them there. (And a few found no use at all: training made them zero.)
#
# ## 8. Three things that are often believed
#
# **'A convolution flips the kernel.'** In signal processing it does. In deep learning it does not: what everybody calls convolution is *cross-correlation*. For learned kernels it makes no difference; for kernels that you write down, it does.

# %% tags=["nbval-check-output"]
from scipy.signal import convolve2d, correlate2d

for theirs in (correlate2d, convolve2d):
    same = np.allclose(ops.conv2d(cat, kernel), theirs(cat, kernel, mode="valid"))
    print(f"our conv2d is scipy's {theirs.__name__}: {same}")

# %% [markdown]
# **'Padding with zeros is harmless.'** A zero is a black pixel, and black beside bright is an edge. Look at a picture that is the same everywhere:

# %% tags=["nbval-check-output"]
flat = np.full((4, 5), 9)
ops.conv2d(flat, kernel, padding=1)

# %% [markdown]
# The picture has no edge at all, yet the border answers with 18 and 27.
#
# **'More padding means a better result at the border.'** Padding adds places, not knowledge. The size grows, and all that grows is the part that looks at zeros:

# %% tags=["nbval-check-output"]
for padding in range(4):
    y = ops.conv2d(cat, kernel, padding=padding)
    untouched = ops.conv2d(cat, kernel).size / y.size
    print(f"padding {padding}: {y.shape}, {untouched:.0%} of the values saw no invented zero")

# %% [markdown]
# ## 9. Guidelines
#
# Each with the number that we measured above.
#
# | guideline | why, in numbers |
# |---|---|
# | Put a ReLU behind a convolution. | Without it two 3x3 convolutions are exactly one 5x5 convolution (section 3). |
# | Use odd kernels, and padding $(k-1)/2$ to keep the size. | 100 stays 100 for 3x3 and 5x5; a 4x4 kernel gives 99 or 101 (section 4). |
# | Use pooling together with convolutions. | Five 3x3 convolutions see 11 pixels; with a 2x2 pooling behind each of them, 94 (section 5). |
# | Do not skip pixels unseen. | Stripes came out black with stride 2 alone, grey with average pooling (section 5). |
# | Do not count on pooling to forgive a shift. | One pixel to the right, and four in five pooled values are others (section 5). |
#
# ## 10. Further reading
#
# - V. Dumoulin, F. Visin: *A guide to convolution arithmetic for deep learning*, 2016. All size formulas, with drawings.
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: *Gradient-based learning applied to document recognition*, 1998. Convolution and pooling, as they began.
# - V. Nair, G. Hinton: *Rectified linear units improve restricted Boltzmann machines*, 2010. ReLU.
# - R. Zhang: *Making convolutional networks shift-invariant again*, 2019. What pooling and strides do to small shifts, and the cure.
# - M. Tan, Q. Le: *EfficientNet: rethinking model scaling for convolutional neural networks*, 2019. The family of the network of section 7.
#
# **Exercises:** [02 Convolution](exercises/02_convolution.ipynb): write a convolution with stride and padding, its size, and max-pooling that remembers where, and have them checked.
#
# **Next:** [03 Sliding window](03_sliding_window.ipynb): use such a network to give a class to every single pixel, the slow way.
