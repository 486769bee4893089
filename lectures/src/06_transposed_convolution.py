# %% [markdown]
# # 06 Transposed convolution
#
# After this lecture you can
#
# - **compute** a transposed convolution by hand, as stamps that add up, as a convolution with zeros in between, and as a matrix, and its size for any stride, padding, output_padding and dilation;
# - **explain** what 'transposed' means, why it undoes neither a convolution nor a blur, and why nobody should call it deconvolution;
# - **recognise** a checkerboard, say which kernels and strides make one, and **choose** a cure.
#
# *How to use this page:* run the cells from top to bottom (Shift+Enter). Stop at each **Predict first** and write your answer down before you go on. Did you come with a question about `padding`, `output_padding` or `output_size`? [Section 11](#11.-Three-questions-that-people-ask) leads to the cell that answers it.

# %%
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import segviz
from segviz import datasets, models, ops, plot, training, widgets

# %% [markdown]
# ## 1. The way down, once more
#
# The **stride** of a convolution is the step between one dot product and the next, counted in the *input*. A convolution with stride 2 makes the resolution smaller by a factor of 2:

# %% tags=["nbval-check-output"]
for stride in [1, 2, 4]:
    size = ops.conv_output_size(96, 3, stride=stride, padding=1)
    print(f"stride {stride}: 96 pixels -> {size}")

# %% [markdown]
# The way back up, so far, was interpolation (lecture 04) and [unpooling](05_unpooling.ipynb). Neither has anything to learn. Is there a layer **with a kernel** that goes from few pixels to many?

# %% [markdown]
# ## 2. Every input stamps the kernel
#
# A convolution *reads*: each output looks at $k$ inputs through the kernel. Turn the arrows around, and let each input *write* to $k$ outputs. The input gives the weight, and the kernel is the stamp. One step in the input is $s$ steps in the output. **Where stamps overlap, they add up:**
#
# $$y[m] = \sum_{i s + j = m} x[i]\, w[j]$$
#
# In words: for every input $i$ and every tap $j$, the product $x[i]\, w[j]$ is added to the output $i s + j$. That is the **transposed convolution**. With letters, for two inputs $(a, b)$, the kernel $(x, y, z)$ and stride 2:
#
# | output | 0 | 1 | 2 | 3 | 4 |
# |---|---|---|---|---|---|
# | $a$ stamps | $ax$ | $ay$ | $az$ | | |
# | $b$ stamps | | | $bx$ | $by$ | $bz$ |
# | **sum** | $ax$ | $ay$ | $az + bx$ | $by$ | $bz$ |
#
# > **Predict first.** The input is $(1, 10, 100)$, the kernel $(1, 2, 3)$, the stride 2. How many outputs are there? Which of them are sums of two stamps?

# %%
x = np.array([1, 10, 100])
kernel = np.array([1, 2, 3])

def transposed(x, kernel, stride):
    y = np.zeros((len(x) - 1) * stride + len(kernel), np.result_type(x, kernel))
    for i, value in enumerate(x):
        y[i * stride:i * stride + len(kernel)] += value * kernel
    return y

# %% tags=["nbval-check-output"]
for i in range(3):
    only_one = np.where(np.arange(3) == i, x, 0)
    print(f"{x[i]:3} stamps", transposed(only_one, kernel, stride=2))
print("the sum   ", transposed(x, kernel, stride=2))

# %% [markdown]
# The digits tell who wrote where: 13 is $3 \cdot 1 + 1 \cdot 10$, and 130 is $3 \cdot 10 + 1 \cdot 100$. Three inputs have become seven outputs.
#
# Now move it yourself. Step with the arrow keys, or press *Play*. Each input has a colour, and its stamp has the same; behind the sixth input the colours start again.

# %%
widgets.TransposedConvolution1D()

# %% [markdown]
# Try this, in this order:
#
# 1. Step through the stamps. Before each step, say which outputs will change.
# 2. Stride 1: how many stamps do the middle outputs get? Stride 3: where did the sums go? Stride 4: which outputs stay zero, whatever the numbers are? (Section 2 has the answers.)
# 3. Switch the direction to *normal*: the same settings, the other way round.
# 4. Switch the reading to *gather* and find the zeros between the inputs. Section 3 is about them.
# 5. Ask for something illegal, such as output_padding 2 at stride 2, and read the answer. Section 6 is about that.

# %% [markdown]
# ### Stride: steps in the output for one step in the input
#
# The stride of a convolution counts steps in the *input*. Here it is the other way round: **stride 2 means that one step in the input is two steps in the output.** So a large stride makes the result *larger*.
#
# > **Predict first.** The same input and kernel at stride 1, 3 and 4. At which stride does each digit stand alone? At which do zeros appear that no stamp has touched?

# %% tags=["nbval-check-output"]
for stride in [1, 2, 3, 4]:
    y = ops.conv_transpose1d(x, kernel, stride=stride).astype(int)
    print(f"stride {stride}: {len(y):2} outputs", y)

# %% [markdown]
# A stride below the kernel size: stamps overlap. Equal to it: they stand side by side. Above it: gaps, which no training can ever fill.

# %% [markdown]
# ## 3. Two readings of the same thing: scatter and gather
#
# So far each input *scatters* its stamp over the output. One can also stand at an output and *gather*: which inputs reach me, and through which tap?
#
# Output $m$ gets $x[i]\, w[m - is]$ from every input $i$ whose stamp reaches it. When $i$ goes up, the tap $m - is$ goes down: the kernel is read **backwards**. And between two inputs lie $s - 1$ places from which nothing comes. So:
#
# 1. put $s - 1$ zeros between the inputs (the *bed of nails* of lecture 05);
# 2. put $k - 1$ zeros around them;
# 3. run an **ordinary convolution** at stride 1 with the **flipped** kernel.
#
# > **Predict first.** What will come out if you forget to flip the kernel?

# %% tags=["nbval-check-output"]
nails = ops.bed_of_nails(x, 2, output_size=5)
print("zeros between:     ", nails)
print("gathered:          ", ops.conv1d(nails, kernel[::-1], padding=2).astype(int))
print("scattered:         ", transposed(x, kernel, stride=2))
print("flip forgotten:    ", ops.conv1d(nails, kernel, padding=2).astype(int))

# %% [markdown]
# The same numbers. Without the flip every stamp is mirrored: 3, 2, 1 instead of 1, 2, 3.
#
# Gather is a way of *thinking*, and the reason for another name, *fractionally strided convolution*: the kernel moves by half an input per step. Nobody computes it like this. Most of the products would be with zeros (section 10 counts them).

# %% [markdown]
# ## 4. As a matrix
#
# A convolution is a matrix times the input. Each row holds the kernel, moved on by the stride:

# %% tags=["nbval-check-output"]
A = ops.convolution_matrix_1d(kernel, 7, stride=2).astype(int)
print(A)
row_of_seven = np.array([1, 0, 2, 0, 3, 0, 4])
print("matrix times input:", A @ row_of_seven)
print("convolution:       ", ops.conv1d(row_of_seven, kernel, stride=2).astype(int))

# %% [markdown]
# This matrix takes 7 numbers to 3. Its **transpose** (rows become columns) takes 3 numbers to 7. Each *column* of the transpose is one stamp.
#
# > **Predict first.** Multiply the transpose by $(1, 10, 100)$. Have you seen the result before?

# %% tags=["nbval-check-output"]
print(A.T)
print("transpose times x:", A.T @ x)

# %% [markdown]
# That is all that the name says. **A transposed convolution multiplies by the transpose of the convolution's matrix.** Here are both, the matrix $C$ of the normal convolution and its transpose $C^T$, first at stride 1, then at stride 2, for the kernel $(1, 2, 3)$ with padding 1 and 6 numbers:

# %%
for stride in [1, 2]:
    matrix = ops.convolution_matrix_1d(kernel, 6, stride=stride, padding=1)
    small, large = matrix.shape
    plot.show(plot.matrix_pair(matrix),
              alt=f"Stride {stride}: the {small} x {large} matrix of the convolution, with one kernel "
                  "per row, and its transpose, with one stamp per column")

# %% [markdown]
# Read the pictures by their shape. At stride 2 the normal matrix is wide: **normal convolutions with stride 2 reduce the size.** Its transpose is tall: **transposed convolutions with stride 2 increase the size.** At stride 1 both are square, with the same kernel along the diagonal, once forwards and once backwards. That looks as if they were the same kind of thing, and they are:

# %% [markdown]
# ## 5. Three facts

# %% [markdown]
# ### When stride = 1, a transposed convolution is a regular convolution
#
# Each row of the transpose holds the kernel too, only flipped. So an ordinary convolution can do it, with other padding: where the transposed one has padding $p$, the ordinary one needs $k - 1 - p$ (for $p$ up to $k - 1$).
#
# > **Predict first.** $k = 3$. Which padding does the ordinary convolution need for $p = 0$, 1 and 2?

# %% tags=["nbval-check-output"]
row = np.array([3, 1, 4, 1, 5])
for p in range(3):
    transposed_one = ops.conv_transpose1d(row, kernel, padding=p)
    ordinary = ops.conv1d(row, kernel[::-1], padding=3 - 1 - p)
    assert np.array_equal(transposed_one, ordinary)
    print(f"transposed with padding {p} = ordinary with padding {2 - p}, kernel flipped:",
          ordinary.astype(int))

# %% [markdown]
# A kernel that is learned does not care in which direction it is written. So at stride 1 there is no reason to use a transposed convolution at all.
#
# And at stride 2? Look at the rows of `A.T` above: they take turns. Rows 0, 2, 4, 6 hold only the weights 1 and 3 of the kernel, rows 1, 3, 5 only the weight 2. It is **two small convolutions**, whose results are put in turn:

# %% tags=["nbval-check-output"]
y = ops.conv_transpose1d(x, kernel, stride=2)
for name, turn in [("even", slice(0, None, 2)), ("odd", slice(1, None, 2))]:
    by_small_kernel = ops.conv_transpose1d(x, kernel[turn])
    print(f"{name:4} outputs {y[turn]}, kernel {kernel[turn]} alone gives {by_small_kernel}")

# %% [markdown]
# Two neighbours in the output come from *different* kernels: $(1, 3)$ and $(2)$. Keep this in mind for section 9.

# %% [markdown]
# ### The transpose is the gradient
#
# Whenever you trained a network of more than one layer, you used transposed convolutions without knowing. In training, the gradient must travel backwards through each convolution: from the outputs to the inputs. If input $n$ went into output $m$ with weight $w$, the gradient comes back from $m$ to $n$ with the same weight. Arrows turned around, same weights: that is the transpose.
#
# > **Predict first.** And the gradient of a *transposed* convolution: which operation is that?

# %% tags=["nbval-check-output"]
torch.manual_seed(0)
inputs, weights = torch.randn(1, 1, 9, requires_grad=True), torch.randn(1, 1, 3)
outputs = F.conv1d(inputs, weights, stride=2, padding=1)
arriving = torch.randn_like(outputs)  # a gradient that arrives at the outputs
outputs.backward(arriving)
ours = F.conv_transpose1d(arriving, weights, stride=2, padding=1)
same = torch.allclose(inputs.grad, ours, atol=1e-6)
print("autograd's gradient of a convolution is the transposed convolution:", same)

# %% tags=["nbval-check-output"]
few = torch.randn(1, 1, 5, requires_grad=True)
many = F.conv_transpose1d(few, weights, stride=2, padding=1)
arriving = torch.randn_like(many)
many.backward(arriving)
ours = F.conv1d(arriving, weights, stride=2, padding=1)
same = torch.allclose(few.grad, ours, atol=1e-6)
print("autograd's gradient of a transposed convolution is the convolution:", same)

# %% [markdown]
# Hence the name *backward strided convolution*. (The two are a pair, like a matrix and its transpose. Transposing twice gives back the first.)

# %% [markdown]
# ### It is not an inverse
#
# 'Transposed convolution = inversed strided convolution', slides often say. What is turned around are the *arrows* and the *sizes*. The *numbers* do not come back. An inverse $B$ would have $B A = 1$, the matrix that changes nothing:
#
# > **Predict first.** What stands in $A^T A$: ones on the diagonal and zeros elsewhere?

# %% tags=["nbval-check-output"]
print(A.T @ A)
print("A has 7 columns, and its rank is", np.linalg.matrix_rank(A))

# %% [markdown]
# Far from it. And no other matrix could do better: 7 numbers went in, 3 came out, so at least 4 of 7 directions are lost for good.
#
# Perhaps at stride 1, where as many numbers come out as go in? Let us blur a real picture with a 3x3 kernel, padding 1, and send it back through the transposed convolution.
#
# > **Predict first.** Will it be as sharp as the first picture, as blurred as the second, or more blurred?

# %%
cat = datasets.picture("chelsea", size=(96, 96)).mean(0).numpy()
blur = np.outer([1, 2, 1], [1, 2, 1]) / 16
blurred = ops.conv2d(cat, blur, padding=1)
back = ops.conv_transpose2d(blurred, blur, padding=1)

# %% [markdown]
# There is an operation that does undo the blur: solve the linear equations. It has a name, and the name is **deconvolution**. Let us try it too, once on the exact numbers, once after rounding them to the 256 grey levels of a picture file.

# %%
B = ops.convolution_matrix_1d([0.25, 0.5, 0.25], 96, padding=1)  # blurred = B @ cat @ B.T

def deconvolve(picture):
    return np.linalg.solve(B, np.linalg.solve(B, picture.T).T)

rounded = np.round(blurred * 255) / 255

# %%
shown = {"picture": cat, "blurred": blurred, "transposed convolution": back,
         "deconvolution": deconvolve(blurred), "the same, 256 grey levels": deconvolve(rounded)}
plot.show(plot.pictures(*[one.clip(0, 1) for one in shown.values()], titles=list(shown)),
          alt="A cat, blurred; more blurred after the transposed convolution; sharp again after "
              "deconvolution, but pure noise once the blurred picture has been rounded")

# %% tags=["nbval-check-output"]
def sharpness(picture):
    inner = picture[2:-2, 2:-2]  # away from the border
    return np.abs(np.diff(inner)).mean() / np.abs(np.diff(cat[2:-2, 2:-2])).mean()

for name in ["picture", "blurred", "transposed convolution", "deconvolution"]:
    print(f"{name:23} {sharpness(shown[name]):.0%} of the picture's contrast from pixel to pixel")

# %% [markdown]
# The transposed convolution blurs *once more*. Deconvolution brings the cat back, but only while every digit is right. The **condition number** says by how much an error can grow:

# %% tags=["nbval-check-output"]
condition = np.linalg.cond(B) ** 2  # once for the rows, once for the columns
print(f"condition number of this blur: {condition:.1e}")
print(f"half a grey level, {0.5 / 255:.3f}, may grow to {0.5 / 255 * condition:.0e}")

# %% [markdown]
# White is 1 here. Rounding alone is enough to bury the picture.
#
# So there are two different things. *Deconvolution* undoes a convolution. *Transposed convolution* undoes nothing: it is a layer that makes maps larger, with weights to be learned. Many papers and some libraries call the second by the name of the first. **Do not.** Say *transposed convolution*, or *up-convolution* as U-Net does.

# %% [markdown]
# ## 6. How large is the result?
#
# Count from the first stamp to the last one:
#
# $$\text{output size} = \underbrace{(n - 1)\,s}_{\text{steps of the stamp}} + \underbrace{d\,(k - 1) + 1}_{\text{width of a stamp}} - \underbrace{2p}_{\text{cropped}} + \underbrace{a}_{\text{output padding}}$$
#
# with $n$ inputs, kernel size $k$, stride $s$, padding $p$, dilation $d$ and `output_padding` $a$. (Dilation spreads the taps of the stamp $d$ apart.)
#
# > **Predict first.** Fill in the last column of each row before you run the cell. The table fills itself from your settings, and asks torch whether the formula is right. Add a row of your own.

# %%
layers = {  # name: n, k, s, p, d, a
    "stride 1, no padding": (2, 3, 1, 0, 1, 0), "stride 1, padding 2": (7, 3, 1, 2, 1, 0),
    "stride 2": (2, 3, 2, 0, 1, 0), "stride 2, padding 1": (3, 3, 2, 1, 1, 0),
    "and output_padding 1": (3, 3, 2, 1, 1, 1), "dilation 2": (5, 3, 2, 1, 2, 1),
    "U-Net, V-Net": (28, 2, 2, 0, 1, 0), "FCN, 2 times": (16, 4, 2, 0, 1, 0),
    "FCN-8s, 8 times": (70, 16, 8, 0, 1, 0), "FCN-32s, 32 times": (16, 64, 32, 0, 1, 0),
    "exactly 2 times": (33, 4, 2, 1, 1, 0)}

# %% tags=["nbval-check-output"]
print(f"{'':21}   n   k   s   p   d   a   steps + stamp - crop + a = size")
for name, (n, k, s, p, d, a) in layers.items():
    steps, stamp = (n - 1) * s, d * (k - 1) + 1
    size = steps + stamp - 2 * p + a
    layer = nn.ConvTranspose1d(1, 1, k, stride=s, padding=p, output_padding=a, dilation=d)
    assert layer(torch.zeros(1, 1, n)).shape[2] == size  # torch agrees
    print(f"{name:21}{n:4}{k:4}{s:4}{p:4}{d:4}{a:4}   "
          f"{steps:5} + {stamp:5} - {2 * p:4} + {a} = {size:4}")

# %% [markdown]
# Two terms look strange. Padding is *subtracted*. And what is $a$ good for? These are the two questions that users of torch ask most often about this layer.

# %% [markdown]
# ### Why padding makes the result smaller
#
# **The padding is that of the convolution whose transpose this is.** That convolution put $p$ zeros around its input. The transposed one goes back to that input, **without** these zeros: the stamps land there too, and are thrown away.
#
# > **Predict first.** The full result was $(1, 2, 13, 20, 130, 200, 300)$. What is left with padding 1? With padding 2?

# %% tags=["nbval-check-output"]
for p in range(4):
    y = ops.conv_transpose1d(x, kernel, stride=2, padding=p).astype(int)
    print(f"padding {p}, size {len(y)}: ", "    " * p, *[f"{value:3}" for value in y])

# %% [markdown]
# The same in the matrix: the columns that belong to the zeros are left out, so the transpose loses these rows. And in the gather reading, $p$ takes away from the $k - 1$ zeros around.

# %% tags=["nbval-check-output"]
padded = ops.convolution_matrix_1d(kernel, 5, stride=2, padding=1)
print(padded.astype(int), "is A without its first and last column:", np.array_equal(padded, A[:, 1:-1]))
print("gathered with 2 zeros on each side:", ops.conv1d(nails, kernel[::-1], padding=2))
print("with 1 zero on each side:          ", "  ", ops.conv1d(nails, kernel[::-1], padding=1))

# %% [markdown]
# What is it good for? With the *same* $k$, $s$ and $p$, a convolution and its transpose lead from one size to the other and back. That is all one needs for a network that goes down and up again. Nearly.

# %% [markdown]
# ### Why output_padding must be smaller than the stride or the dilation
#
# A strided convolution takes **several** sizes to the same one. The step that does not fit any more is left out, and nothing complains (lecture 02).
#
# > **Predict first.** $k = 3$, $s = 3$, $p = 1$. How many different input sizes give 3 outputs?

# %% tags=["nbval-check-output"]
came_from = {}
for n in range(4, 13):
    came_from.setdefault(ops.conv_output_size(n, 3, stride=3, padding=1), []).append(n)
for size, origins in came_from.items():
    print(f"{size} outputs come from {origins} inputs")

# %% [markdown]
# Always $s$ sizes in a row. On the way back the layer must be told *which of them* was meant. That is the only purpose of `output_padding`: 0 for the smallest, then 1, then 2, up to $s - 1$.
#
# > **Predict first.** What goes wrong with `output_padding` 3 at stride 3? Look at the lists above: to which of them does that size belong?

# %% tags=["nbval-check-output"]
for a in range(3):
    size = ops.conv_transpose_output_size(3, 3, stride=3, padding=1, output_padding=a)
    print(f"3 inputs, output_padding {a}: {size} outputs. The convolution takes {size} to",
          ops.conv_output_size(size, 3, stride=3, padding=1))
try:
    ops.conv_transpose1d(x, kernel, stride=3, padding=1, output_padding=3)
except ValueError as error:
    print(error)

# %% [markdown]
# With $a = 3$ there would be 10 outputs, and a convolution makes **4** numbers of 10: one more than we have. A fourth stamp would belong there, and its input does not exist. So: **smaller than the stride**.
#
# ('Or the dilation', says torch's rule, and so does ours, because we follow torch. A larger dilation makes the stamp wider; it does not make a convolution merge more sizes. With $d > s$ the rule lets sizes pass that the convolution does not take back:)

# %% tags=["nbval-check-output"]
size = ops.conv_transpose_output_size(3, 3, stride=1, dilation=3, output_padding=2)
print(f"stride 1, dilation 3, output_padding 2: 3 inputs -> {size} outputs,",
      f"but the convolution takes {size} to", ops.conv_output_size(size, 3, stride=1, dilation=3))

# %% [markdown]
# ### output_padding adds no zeros
#
# The name suggests zeros at the end. Look at what really comes:

# %% tags=["nbval-check-output"]
for p, a in [(0, 0), (1, 0), (1, 1)]:
    y = ops.conv_transpose1d(x, kernel, stride=2, padding=p, output_padding=a).astype(int)
    print(f"padding {p}, output_padding {a}:", "    " * p, *[f"{value:3}" for value in y])

# %% [markdown]
# The new last value is 300: **the stamp that the padding had cropped there is uncovered again.** `output_padding` crops less at the end, and only at the end. It is an ordinary output: here it holds the last tap of the last stamp (and the bias, if the layer has one). Where no stamp reaches it is 0 plus the bias: always beyond the last stamp, with more output_padding than padding; in the gaps between stamps, where the stride is larger than the kernel; and in the holes of a dilated stamp, where no other stamp fills them.
#
# In torch you need not count. Keep the size from before, and say it:

# %% tags=["nbval-check-output"]
down = nn.Conv2d(8, 16, 3, stride=2, padding=1)
up = nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1)
for height, width in [(31, 47), (32, 48)]:
    small = down(torch.zeros(1, 8, height, width))
    plain, told = up(small), up(small, output_size=(height, width))
    sizes = [tuple(one.shape[2:]) for one in (small, plain, told)]
    print("{} -> {} -> {}, with output_size {}".format((height, width), *sizes))

# %% [markdown]
# Both sizes came down to (16, 24), and without `output_size` both go back to (31, 47).

# %% [markdown]
# ## 7. In two dimensions
#
# The same, with rows and columns: each pixel stamps the whole kernel. Point at an output pixel (or walk there with the arrow keys) to see which inputs it comes from.
#
# > **Predict first.** A 3x3 kernel at stride 2. How many stamps meet in one output pixel: is it the same number everywhere?

# %%
widgets.TransposedConvolution2D()

# %% [markdown]
# Try this, in this order:
#
# 1. Play it once. Then go from output to output: which of them come from one input, which from two, which from four?
# 2. Set the stride to 3, then to 1. Where do four stamps meet now?
# 3. Set the kernel size to 4 at stride 2. Away from the border, how many inputs has each output?
# 4. Set the padding to 1: which rows and columns of the output went away? Then set output_padding to 1: which came back?
#
# To check the first two answers, stamp ones with ones. Each number then counts its stamps:

# %% tags=["nbval-check-output"]
for stride in (2, 3, 1):
    print(f"stride {stride}\n", ops.conv_transpose2d(np.ones((3, 3)), np.ones((3, 3)), stride=stride).astype(int))

# %% [markdown]
# At stride 3 stamps stand side by side, and nothing meets. At stride 1 exactly four meet at (1, 1), (1, 3), (3, 1) and (3, 3), and up to nine in the middle. The other answers: with kernel 4 at stride 2 every output away from the border has four inputs. Padding 1 takes away a row or column at each of the four sides; output_padding 1 gives back the last row and the last column.

# %% [markdown]
# The matrix exists as well. Read the picture row by row into one long vector. The matrix then consists of blocks: inside a block the kernel's row moves along the picture's columns, and the blocks move along the picture's rows. A *doubly blocked* matrix. Here is the one that belongs to the first setting above, from 7x7 to 3x3 pixels at stride 2, with a weight at every tap; six colours take turns from row to row:

# %%
matrix = ops.convolution_matrix_2d(np.ones((3, 3)), (7, 7), stride=2, dense=True)
plot.show(plot.doubly_blocked_matrix(matrix, (3, 7)),
          alt="A 9 x 49 matrix of 3 x 7 blocks: in each block three bars run down to the right, and "
              "the blocks with bars run down to the right too, two at a time")

# %% [markdown]
# For a kernel that is a column times a row it is even simpler: each entry of one 1-D matrix, times the whole other one.

# %% tags=["nbval-check-output"]
rows = ops.convolution_matrix_1d([1, 2, 1], 7, stride=2)
columns = ops.convolution_matrix_1d([1, 0, -1], 7, stride=2)
both = ops.convolution_matrix_2d(np.outer([1, 2, 1], [1, 0, -1]), (7, 7), stride=2, dense=True)
print(both.shape, "the product of both 1-D matrices:", np.array_equal(both, np.kron(rows, columns)))

# %% [markdown]
# With many channels, each input channel has a stamp for each output channel. The weights of a convolution from 16 to 8 channels are, as they stand, the weights of the transposed one from 8 to 16. That is why torch stores them as (in, out, rows, columns) here, and as (out, in, rows, columns) there:

# %% tags=["nbval-check-output"]
print("convolution 16 -> 8:           ", tuple(nn.Conv2d(16, 8, 3).weight.shape))
print("transposed convolution 8 -> 16:", tuple(nn.ConvTranspose2d(8, 16, 3).weight.shape))

# %% [markdown]
# ## 8. A kernel that you know already: bilinear upsampling
#
# Which kernel should one start from? The paper on FCN (lecture 04) has an answer: one that **interpolates**. The stamps are tents, and tents side by side add up to straight lines from value to value. Tap $j$ of $k$ is
#
# $$w[j] = 1 - \frac{|j - c|}{f}, \qquad f = \left\lfloor \tfrac{k + 1}{2} \right\rfloor, \quad c = \tfrac{k - 1}{2}$$
#
# and in two dimensions a column of these numbers times a row of them.

# %% tags=["nbval-check-output"]
for k in [2, 3, 4]:
    print(f"k = {k}: ", *ops.bilinear_kernel(k))
print("k = 16:", *(ops.bilinear_kernel(16) * 16).astype(int), " (sixteenths)")

# %% [markdown]
# > **Predict first.** Four values, $k = 4$, stride 2, padding 1: eight outputs. Where do they equal ordinary bilinear interpolation, and where don't they?

# %%
values = np.array([4, 6, 3, 5])
plot.show(plot.stamp_curves(values, ops.bilinear_kernel(4), stride=2, padding=1),
          alt="Four tents that overlap; their sum runs in straight lines between the values "
              "and falls off at both ends")

# %% [markdown]
# (With an even $k$ the tip of a tent falls between two pixels, so the tents look cut off.) In numbers:

# %% tags=["nbval-check-output"]
by_tents = ops.conv_transpose1d(values, ops.bilinear_kernel(4), stride=2, padding=1)
print("transposed convolution:", by_tents)
print("bilinear interpolation:", ops.upsample_bilinear(values, 2))

# %% [markdown]
# **Inside they are equal, at the borders they differ.** Interpolation repeats the edge value outside. The transposed convolution has no stamp there: zeros come in, and the border gets darker. On the cat, at three of FCN's factors:

# %% tags=["nbval-check-output"]
for factor, k in [(2, 4), (8, 16), (32, 64)]:
    border = factor // 2
    ours = ops.conv_transpose2d(cat, ops.bilinear_kernel((k, k)), stride=factor, padding=border)
    theirs = F.interpolate(torch.tensor(cat)[None, None], scale_factor=factor,
                           mode="bilinear", align_corners=False)[0, 0].numpy()
    difference = np.abs(ours - theirs)
    inside = difference[border:-border, border:-border].max()
    print(f"{factor:2} times, kernel {k:2}: equal inside: {inside < 1e-5};",
          f"the outer {border:2} pixels differ by up to {difference.max():.2f}")

# %% [markdown]
# (`align_corners=False` is torch's name for the rule that a pixel is a small square, whose value belongs to its middle. An odd kernel at stride $(k+1)/2$, such as $(0.5, 1, 0.5)$ at stride 2, gives the other rule, `align_corners=True`: old values stay where they were, new ones come in between.)

# %% tags=["nbval-check-output"]
by_tents = ops.conv_transpose1d(values, ops.bilinear_kernel(3), stride=2, padding=1)
print("transposed, k = 3: ", by_tents)
print("align_corners=True:", ops.upsample_bilinear(values, output_size=7, align_corners=True))

# %% [markdown]
# In an FCN, each class is enlarged by itself: the tents stand on the diagonal of the weights, from class to the same class, and zeros elsewhere. The last enlargement stays *fixed*; the ones in between are *learned* from there.
#
# Does learning pay? Halve the cat, enlarge it again by a 4x4 kernel that starts as a tent, and let it learn to give back the full picture. Then try the kernel on pictures that it has never seen.

# %%
def error(kernel, picture):
    halved = F.avg_pool2d(picture, 2)
    enlarged = F.conv_transpose2d(halved, kernel, stride=2, padding=1)
    return (enlarged - picture)[:, :, 2:-2, 2:-2].square().mean()

names = ["chelsea", "coffee", "astronaut", "rocket"]
grey = {name: datasets.picture(name, size=(192, 192)).mean(0)[None, None] for name in names}

# %%
tent = torch.tensor(ops.bilinear_kernel((4, 4)), dtype=torch.float32)[None, None]
learned = tent.clone().requires_grad_()
optimizer = torch.optim.Adam([learned], lr=0.01)
for _ in range(200):
    loss = error(learned, grey["chelsea"])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %%
with torch.no_grad():
    for name, picture in grey.items():
        before, after = (float(error(one, picture)) for one in (tent, learned))
        print(f"{name:10} squared error of the tent {before:.5f},"
              f" of the learned kernel {after:.5f} ({after / before - 1:+.0%})")
print(learned.detach()[0, 0].numpy().round(2))

# %% [markdown]
# A few per cent less error, on the cat and on the pictures that it has never seen. The learned stamp is a little more pointed than the tent: more weight in the middle, less around. It pays, but not much: the tent is a very good start.

# %% [markdown]
# ## 9. Checkerboards
#
# Some networks with transposed convolutions draw a faint chequered pattern over everything. You know enough to see where it comes from.
#
# > **Predict first.** An input of ones, a kernel of ones, $k = 3$, stride 2. The output counts how many stamps meet. Is it the same everywhere?

# %% tags=["nbval-check-output"]
for k in [2, 3, 4, 5, 6]:
    stamps = ops.conv_transpose1d(np.ones(7), np.ones(k), stride=2).astype(int)
    print(f"kernel {k}, stride 2:", *stamps)

# %% [markdown]
# Kernel 3 at stride 2: every other output gets twice as much. Inside, the counts are equal only where **the stride divides the kernel size**. In two dimensions, rows and columns multiply:

# %%
counts = {}
for k in range(1, 8):
    for s in [1, 2, 3]:
        full = ops.conv_transpose2d(np.ones((20, 20)), np.ones((k, k)), stride=s)
        middle = (len(full) - 12) // 2
        counts[k, s] = full[middle:middle + 12, middle:middle + 12]
plot.show(plot.overlap_table(counts),
          alt="Overlap counts for kernels 1 to 7 at strides 1 to 3: even where the stride divides "
              "the kernel size, chequered elsewhere")

# %% [markdown]
# ### Counting is not enough: the weights decide
#
# In section 5 we saw that at stride 2 the outputs take turns between two small kernels: the even and the odd taps. A plain surface stays plain if both **sum to the same**. That is the exact rule. Divisibility only makes the *number* of taps equal.
#
# > **Predict first.** Which of these five kernels leave a plain surface plain at stride 2: $(1, 1, 1)$, $(1, 1, 1, 1)$, $(0.5, 1, 0.5)$, $(2, 1, 0, 1)$, $(3, 1, 0, 1)$?

# %% tags=["nbval-check-output"]
for taps in [[1, 1, 1], [1, 1, 1, 1], [0.5, 1, 0.5], [2, 1, 0, 1], [3, 1, 0, 1]]:
    taps = np.array(taps)
    y = ops.conv_transpose1d(np.ones(8), taps, stride=2)[4:-4]
    print(f"{taps!s:14} even taps sum to {taps[0::2].sum()}, odd to {taps[1::2].sum()}:",
          "plain" if np.ptp(y) == 0 else "stripes", np.unique(y))

# %% [markdown]
# So kernel 3 *can* be even, if training finds weights like a tent's. And kernel 4 can be uneven: $(3, 1, 0, 1)$. The difference is what happens when nobody takes care.

# %% [markdown]
# ### On a real picture
#
# Two cures are known. **Choose a kernel that the stride divides.** Or **resize, then convolve**: enlarge by repeating pixels, then run an ordinary convolution, which treats all places alike. Let us see them on the cat's eye. First kernels of equal weights, then random ones, as in a network that has not learned anything yet.

# %%
def enlarge(picture, weights, resize=False):
    if resize:
        y = ops.conv2d(ops.upsample_nearest(picture, 2), weights, padding=1)
    else:
        end = len(weights) % 2  # so that both kernels give exactly twice the size
        y = ops.conv_transpose2d(picture, weights, stride=2, padding=1, output_padding=end)
    inside = y[2:-2, 2:-2]
    return inside / inside.mean() * picture.mean()

# %%
eye = cat[22:54, 16:68]
rng = np.random.default_rng(3)
random = {k: rng.normal(1, 0.5, (k, k)) for k in (3, 4)}
results = {"kernel 3, equal weights": enlarge(eye, np.ones((3, 3))),
           "kernel 4, equal weights": enlarge(eye, np.ones((4, 4))),
           "resize, then 3, equal": enlarge(eye, np.ones((3, 3)), resize=True),
           "kernel 3, random": enlarge(eye, random[3]), "kernel 4, random": enlarge(eye, random[4]),
           "resize, then 3, random": enlarge(eye, random[3], resize=True)}

# %%
enlarged = [one.clip(0, 1) for one in results.values()]
plot.show(plot.pictures(*enlarged, titles=list(results), columns=3),
          alt="A cat's eye enlarged in six ways: chequered with kernel 3, smooth with kernel 4 of equal "
              "weights, chequered with kernel 4 of random weights, smooth whenever it is resized first")

# %% [markdown]
# The second column is the surprise: with random weights a kernel of 4 is chequered too. *Resize, then convolve* is clean in both rows: one kernel treats all places alike, so a plain surface stays plain whatever the weights are.

# %% [markdown]
# ### Does training remove it?
#
# A small network learns to enlarge pictures 4 times, in two steps of 2, with a ReLU between. Now and then we show it a plain grey surface, and measure how much its answer varies from pixel to pixel (the standard deviation). An even network gives 0.
#
# > **Predict first.** Kernel 3, kernel 4, resize then convolve: which is uneven before training, which after 10 steps, which after 200?

# %%
three = [grey[name] for name in ("chelsea", "coffee", "astronaut")]
targets = F.interpolate(torch.cat(three), size=(48, 48), mode="area")

def upsampling(kind, inputs, outputs):
    if kind == "resize":
        return nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, padding=1))
    return nn.ConvTranspose2d(inputs, outputs, kind, stride=2,
                              padding=(kind - 1) // 2, output_padding=kind % 2)

# %%
def learn(network, optimizer, wanted):
    loss = (network(F.avg_pool2d(wanted, 4)) - wanted).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

def unevenness(network, device):
    with torch.no_grad():
        plain = network(torch.full((1, 1, 16, 16), 0.5, device=device))
    return float(plain[0, 0, 16:-16, 16:-16].std())  # away from the border

# %%
def history(kind, seed, stops, device):
    torch.manual_seed(seed)
    network = nn.Sequential(upsampling(kind, 1, 8), nn.ReLU(), upsampling(kind, 8, 1)).to(device)
    optimizer, wanted, found = torch.optim.Adam(network.parameters(), lr=0.01), targets.to(device), []
    for step in range(max(stops) + 1):
        if step in stops:
            found.append(unevenness(network, device))
        learn(network, optimizer, wanted)
    return found

# %%
def compare(kinds, seeds, stops=(0, 10, 50, 200), device="cpu"):
    print(f"{len(seeds)} seeds, steps:", *[f"{stop:^16}" for stop in stops])
    for kind in kinds:
        found = np.array([history(kind, seed, stops, device) for seed in seeds])
        both = zip(found.mean(0), found.std(0, ddof=1), strict=True)
        numbers = [f"{mean:.4f} +- {spread:.4f}" for mean, spread in both]
        print(f"{'resize' if kind == 'resize' else f'kernel {kind}':15}", *numbers)

compare([3, 4, "resize"], seeds=range(3))

# %% [markdown]
# Two lessons. First, both transposed kernels begin uneven: kernel 3 by its counts and by chance, kernel 4 by chance alone. Kernel 3 has the larger mean up to step 50, but before that the seeds differ as much as the kernels do. (With 30 seeds: 0.110 +- 0.064 against 0.086 +- 0.042 at step 10, and clearest at step 50, 0.028 +- 0.009 against 0.017 +- 0.006.) With more training both learn to be nearly even, and by then kernel 4 is no better than kernel 3. *Nearly*: what is left is small, but it is nowhere 0. Second, only **resize, then convolve** is even from the first step on, whatever the weights are.
#
# So a chequered picture is often a sign of too little training, or of a loss that does not mind. And a cure that holds by construction is better than one that has to be learned.

# %% [markdown]
# ### In the gradient too
#
# The gradient of a strided convolution *is* a transposed convolution (section 5). So the pattern appears on the way back as well, in every network that goes down with strides: some pixels get more gradient than their neighbours, not because they matter more, but because of where they stand.
#
# > **Predict first.** Two convolutions with stride 2 and random weights, kernel 3 in one network, kernel 4 in another. How much more gradient does the luckiest pixel of each 2x2 block get than the unluckiest?

# %%
def gradient_energy(network, picture):
    picture = picture.clone().requires_grad_()
    scores = network(picture)
    (scores * torch.randn_like(scores)).sum().backward()  # any mix of the scores
    return picture.grad.square().sum((0, 1))[16:-16, 16:-16]

def shares(energy, s):
    places = torch.stack([energy[r::s, c::s].mean() for r in range(s) for c in range(s)])
    return (places / places.mean()).reshape(s, s)

# %%
def downsampling(kind, inputs):
    if kind == "pool":  # the counterpart of 'resize, then convolve'
        return nn.Sequential(nn.Conv2d(inputs, 16, 3, padding=1), nn.AvgPool2d(2))
    return nn.Conv2d(inputs, 16, kind, stride=2, padding=(kind - 1) // 2)

# %%
def mean_shares(kind, picture, seeds):
    total = torch.zeros(2, 2)
    for seed in seeds:
        torch.manual_seed(seed)
        network = nn.Sequential(downsampling(kind, 3), nn.ReLU(), downsampling(kind, 16))
        total += shares(gradient_energy(network, picture), 2) / len(seeds)
    return total

# %%
picture = datasets.picture("chelsea", size=(128, 128))[None]
for kind in [2, 3, 4, 5, "pool"]:
    found = mean_shares(kind, picture, seeds=range(10))
    name = "kernel 3, then pool" if kind == "pool" else f"kernel {kind}, stride 2"
    print(f"{name:19}: shares in a 2x2 block {found.flatten().numpy().round(2)},"
          f" largest / smallest {found.max() / found.min():.1f}")

# %% [markdown]
# Kernel 3 gives nearly four times as much to one pixel as to another, kernels 2 and 4 nearly the same to all: the counts of the picture above, 4, 2, 2 and 1, come back as gradient. Both cures work here too: a kernel that the stride divides, or an ordinary convolution that treats all places alike, with a 2x2 average pooling behind it.
#
# Those were random weights. Here is a network with trained ones: EfficientNet-Lite0 (lecture 02), whose layers go down by kernels 3 and 5 with stride 2. How does the score of the class that it sees depend on each pixel?

# %%
network = models.EfficientNetLite0(classifier=True).eval()
table = torch.zeros(4, 4)
for name in names:
    picture = datasets.picture(name, size=(224, 224))[None].requires_grad_()
    network.logits(picture).max().backward()
    table += shares(picture.grad.square().sum((0, 1)), 4) / 4
print("squared gradient at each place of a 4x4 block, 1 = the mean, four pictures:")
print(table.numpy().round(2))

# %% [markdown]
# A million photographs have not evened it out. Who looks at such gradients to learn 'where the network looks' sees the network's own grid as well.

# %% [markdown]
# ## 10. What it costs
#
# Count the products: each input writes each tap for each pair of channels. So multiply-adds are *weights times input pixels*. A convolution needs *weights times output pixels*.
#
# > **Predict first.** From 64 x 64 to 128 x 128, with 64 channels in and out. Which is the most expensive: a 2x2 kernel with stride 2, a 4x4 kernel with stride 2, or resizing followed by a 3x3 convolution?

# %%
ways = {"transposed 2x2, stride 2": nn.ConvTranspose2d(64, 64, 2, stride=2),
        "transposed 4x4, stride 2": nn.ConvTranspose2d(64, 64, 4, stride=2, padding=1),
        "resize, then 3x3": nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(64, 64, 3, padding=1)),
        "3x3, then resize": nn.Sequential(nn.Conv2d(64, 64, 3, padding=1), nn.Upsample(scale_factor=2))}

# %% tags=["nbval-check-output"]
for name, way in ways.items():
    bill = segviz.cost(way, (64, 64, 64))
    print(f"{name:25}{bill.parameters:7,} weights {bill.multiply_adds / 1e6:6.0f} million")
gather = 64 * 64 * 16 * 128 * 128  # the 4x4 kernel at every output pixel, zeros and all
print(f"{'4x4 gathered over zeros':25}{gather / 1e6:22.0f} million, three quarters with a zero")

# %% [markdown]
# The even cure has its price: resizing first puts the convolution at full resolution. The gather reading, taken literally, costs $s^2 = 4$ times what scattering costs. (No library does it like that.) On the clock:

# %%
maps = torch.rand(1, 64, 64, 64)
with torch.no_grad():
    for name, way in ways.items():
        way(maps)  # once to warm up
        start = time.perf_counter()
        for _ in range(5):
            way(maps)
        print(f"{name:25}{(time.perf_counter() - start) / 5 * 1e3:6.1f} ms")

# %% [markdown]
# The clock follows the count only roughly: how well a layer is tuned for a machine counts as well. Measure on yours.

# %% [markdown]
# ## 11. Three questions that people ask
#
# | question | in one sentence | the cell that shows it |
# |---|---|---|
# | Why must `output_padding` be smaller than the stride or the dilation? | It chooses among the $s$ sizes that a convolution merges, and one more would need one more input. | [Why output_padding must be smaller](#Why-output_padding-must-be-smaller-than-the-stride-or-the-dilation) |
# | Why does `padding` *shrink* a transposed convolution? | It is the padding of the convolution that leads the other way; its zeros are cropped on the way back. | [Why padding makes the result smaller](#Why-padding-makes-the-result-smaller) |
# | Why do I need `output_size` in max-unpooling? | Pooling merges sizes too, and a saved index means another place in a picture of another width. | [Lecture 05, section 5](05_unpooling.ipynb#5.-Why-max-unpooling-needs-output_size) |

# %% [markdown]
# ## 12. Five things that are often believed
#
# **'It undoes a convolution.'** It brings back the size (section 5). The smallest example: a single bright pixel, there and back.

# %% tags=["nbval-check-output"]
spot = np.array([0, 0, 0, 9, 0, 0, 0])
there = ops.conv1d(spot, [1, 2, 1], stride=2, padding=1)
print("there:", there, " and back:", ops.conv_transpose1d(there, [1, 2, 1], stride=2, padding=1))

# %% [markdown]
# **'It puts zeros between the inputs, so most of the work is wasted.'** That is one way to read it. The stamps touch no zero: 67 million multiply-adds for the 2x2 kernel above are exactly 64 x 64 weights x 4 taps x 4096 inputs:

# %% tags=["nbval-check-output"]
bill = segviz.cost(ways["transposed 2x2, stride 2"], (64, 64, 64))
print(bill.multiply_adds, bill.multiply_adds == 64 * 64 * 4 * 4096)

# %% [markdown]
# **'A stride that divides the kernel size rules checkerboards out.'** It makes the *number* of stamps even. The weights may still be uneven:

# %% tags=["nbval-check-output"]
y = ops.conv_transpose1d(np.ones(8), [3, 1, 0, 1], stride=2)
print("a plain surface, kernel of 4, stride 2:", y[4:-4])

# %% [markdown]
# **'`output_padding` appends zeros.'** It uncovers what the padding had cropped: the last value below is the last tap of the last stamp, 3 times 100.

# %% tags=["nbval-check-output"]
print(ops.conv_transpose1d(x, kernel, stride=2, padding=1, output_padding=1))

# %% [markdown]
# **'The kernel must be flipped by hand.'** Only if you write the layer as an ordinary convolution yourself (section 3). torch's layer stamps the kernel as it is:

# %% tags=["nbval-check-output"]
print(F.conv_transpose1d(torch.tensor([[[1.0]]]), torch.tensor([[[1.0, 2.0, 3.0]]])).flatten().tolist())

# %% [markdown]
# ## 13. Guidelines
#
# | guideline | why, in numbers |
# |---|---|
# | Do not say 'deconvolution'. Say transposed convolution or up-convolution. | The blurred cat has 63 % of the contrast; sent back through the transpose, 52 %; after deconvolution, 100 % (section 5). |
# | At stride 1, use an ordinary convolution. | The same numbers for every padding, with the kernel flipped (section 5). |
# | Use the same kernel size, stride and padding on the way down and up, and pass `output_size`. | 32 x 48 came back as 31 x 47 without it (section 6). |
# | Choose a kernel that the stride divides, and start it from an interpolation. | Kernel 3 at stride 2 counts 1 to 4 stamps, kernel 4 counts 4 everywhere; that makes kernels of equal weights even, and helps a little early in training (section 9). Learning improved on the tent by a few per cent only (section 8). |
# | Where a checkerboard would hurt, resize and then convolve. | Unevenness 0 at every step of training; all transposed kernels kept a rest (section 9). |
# | Know the bill. | 268 million multiply-adds for 4x4 at stride 2, 604 million for resizing and 3x3 (section 10). |
# | 'Most used upsampling nowadays: atrous and transposed convolution.' | 67 million multiply-adds for a 2x2 kernel with stride 2, the cheapest of the four ways that we measured, explain one half of this sentence (section 10). Atrous convolution is lecture 08. |

# %% [markdown]
# ## 14. Further reading
#
# - V. Dumoulin, F. Visin: *A guide to convolution arithmetic for deep learning*, 2016. All sizes, as drawings; chapter 4 is this lecture.
# - J. Long, E. Shelhamer, T. Darrell: *Fully convolutional networks for semantic segmentation*, CVPR 2015. Section 3.3: 'backwards convolution', started from bilinear kernels.
# - A. Odena, V. Dumoulin, C. Olah: *Deconvolution and checkerboard artifacts*, Distill, 2016. Where the pattern comes from, and resizing as its cure.
# - W. Shi, J. Caballero, L. Theis and others: *Is the deconvolution layer the same as a convolutional layer?*, 2016. The small kernels that take turns, as a layer of its own.
# - M. Zeiler, D. Krishnan, G. Taylor, R. Fergus: *Deconvolutional networks*, CVPR 2010. Where the unlucky name comes from, and what it meant there.

# %% [markdown]
# ## 15. Train it yourself
#
# Off by default. Set `TRAIN = True` and run the cell: the experiment of section 9 with ten times as many steps, more kernels and more seeds, on the GPU if there is one; without one it takes some minutes. Does the rest of the pattern go away if you only wait?

# %%
TRAIN = False
if TRAIN:
    kinds, stops = [2, 3, 4, 5, 6, "resize"], (0, 10, 200, 2000)
    compare(kinds, seeds=range(5), stops=stops, device=training.device())

# %% [markdown]
# **Exercises:** [06 Transposed convolution](exercises/06_transposed_convolution.ipynb): write the stamps, the matrix and the size yourself, and have them checked.
#
# **Next:** [lecture 07, encoder and decoder](07_encoder_decoder.ipynb): U-Net and V-Net, which go up by transposed convolutions and bring the detail back through shortcuts.
