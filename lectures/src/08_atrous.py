# %% [markdown]
# # 08 Atrous convolution
#
# After this lecture you can
#
# - **compute** an atrous convolution by hand, and its output size, its reach and its matrix;
# - **predict** the receptive field of a stack of such layers, **find** the pixels in it that are never seen, and **choose** rates that leave none out;
# - **replace** the strides of a trained network by rates so that no old answer changes, and **say** what that, ASPP and a dense CRF cost and bring.
#
# *How to use this page:* run the cells from top to bottom (Shift+Enter). Stop at each **Predict first** and write your answer down before you go on.

# %%
import copy
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import segviz
from segviz import datasets, losses, metrics, models, ops, plot, postprocessing, training, widgets

# %% [markdown]
# ## 1. A kernel with holes
#
# A network for segmentation wants two things at once: to see far, and to answer at every pixel. Pooling and strides see far, but the maps become small. Large kernels see far, but they have many weights.
#
# The third way: keep the kernel small, and **pull its taps apart**. With the **rate** (or *dilation*) $d$, neighbouring weights read inputs that lie $d$ apart:
#
# $$y[i] = \sum_{j=0}^{k-1} w[j]\; x[i + d\,j]$$
#
# That is an **atrous convolution** (French *à trous*: with holes), also called *dilated*. At $d = 1$ it is the convolution that you know.
#
# > **Predict first.** $x = (3, 1, 4, 1, 5, 9, 2)$, the kernel is $(1, 2, 3)$ and the rate is 2. How many outputs are there? Work out the first one.

# %% tags=["nbval-check-output"]
x, kernel = np.array([3, 1, 4, 1, 5, 9, 2]), np.array([1, 2, 3])

def atrous(x, kernel, rate):
    outputs = len(x) - rate * (len(kernel) - 1)
    return np.array([sum(weight * x[i + rate * j] for j, weight in enumerate(kernel))
                     for i in range(outputs)])

for rate in (1, 2, 3):
    print(f"rate {rate}:", atrous(x, kernel, rate))

# %% tags=["nbval-check-output"]
for rate in (1, 2, 3):
    print(np.array_equal(atrous(x, kernel, rate), ops.conv1d(x, kernel, dilation=rate)))

# %% [markdown]
# Look at it in another way: put $d - 1$ zeros between two weights, and use this longer kernel in an ordinary convolution.

# %% tags=["nbval-check-output"]
with_zeros = np.array([1, 0, 2, 0, 3])
print(ops.conv1d(x, with_zeros), "is", ops.conv1d(x, kernel, dilation=2))

# %% [markdown]
# So the kernel **reaches** over $d(k-1) + 1$ inputs, but has only $k$ weights. With padding $p$ on each side:
#
# $$\text{reach} = d(k-1) + 1, \qquad\qquad \text{output size} = n + 2p - d(k-1)$$

# %% [markdown]
# ## 2. The matrix
#
# Every convolution is a matrix: row $i$ holds the weights where output $i$ reads its inputs, and zeros elsewhere. An ordinary convolution has its weights side by side, in one broad band.
#
# > **Predict first.** What does the matrix look like at rate 2? At rate 3? How many of its numbers are not zero?
#
# Play it, or step with the arrow keys. Each weight has its colour: in the kernel, on the input, in the matrix. The cells of the input and of the kernel can be edited.

# %%
widgets.AtrousConvolution1D([3, 1, 4, 1, 5, 9, 2, 6, 5], kernel)

# %% [markdown]
# Try this, in this order:
#
# 1. Move the rate from 1 to 4. The bands move apart; the hatched zeros between them are the holes. The number of weights does not change.
# 2. At rate 4, one output is left. Move on to 5: which rule breaks? Then choose *same* as padding: zeros are added on both sides, and the size stays.
# 3. Stay at *same* and rate 5, and make the input smaller, down to 5 numbers. What is left of the kernel? (Section 9 comes back to this.)
# 4. Change the middle weight. Which diagonal of the matrix changes?

# %% tags=["nbval-check-output"]
for rate in (1, 2, 3):
    matrix = ops.convolution_matrix_1d(kernel, len(x), dilation=rate)
    print(f"rate {rate}: {matrix.shape[0]} x {matrix.shape[1]}, first row", matrix[0].astype(int),
          "right:", np.array_equal(matrix @ x, ops.conv1d(x, kernel, dilation=rate)))

# %% [markdown]
# ## 3. On a picture
#
# Rows and columns are pulled apart alike. A 3x3 kernel has nine taps at every rate; padding $p = d$ keeps the size.
#
# > **Predict first.** At rate 2 the nine taps are spread over 5 x 5 pixels. How many weights and multiply-adds is that, compared with an ordinary 3x3 kernel? And with a full 5x5 kernel?

# %%
cat = datasets.picture("chelsea", size=(65, 65)).mean(0).numpy()
widgets.AtrousConvolution2D(cat, second_rate=0, third_rate=0, kernel="vertical edges (Sobel)")

# %% [markdown]
# Orange are the pixels that one unit sees; move the cursor, or use the arrow keys, to choose the unit. In the middle, its field by itself.
#
# 1. Move the *rate of layer 1*. The edges that the kernel answers to become coarser; the picture keeps its size and the layer its nine weights.
# 2. Set the kernel to *blur*. From which rate on do you see the nine taps, as nine pictures laid over each other? (There is no one answer: they show where the rate is larger than the things in the picture, and those are of all sizes.)
# 3. Put the cursor into the very middle (row 32, column 32), and go with the rate up to 33. What happens at the last step, and why? (Section 9.)
#
# With the sliders *of layer 2* and *of layer 3* further layers are put behind the first one. They come in section 5.
#
# The slides name three properties. The first two, counted:

# %% tags=["nbval-check-output"]
def describe(name, layer):
    bill = segviz.cost(layer, (16, 64, 64))
    field = segviz.receptive_field(layer, (16, 64, 64)).size[0]
    print(f"{name:16} sees {field} x {field} pixels, {bill.parameters:6,} weights, "
          f"{bill.multiply_adds / 1e6:5.1f} million multiply-adds")

for rate in (1, 2, 4):
    describe(f"3 x 3, rate {rate}", nn.Conv2d(16, 16, 3, padding=rate, dilation=rate, bias=False))
for size in (5, 9):
    describe(f"{size} x {size}", nn.Conv2d(16, 16, size, padding=size // 2, bias=False))

# %% [markdown]
# - **The sampling region is larger**: 3, 5, 9 pixels.
# - **The number of parameters stays**: 2,304 at every rate, and so do the multiply-adds. Full kernels that see as far have nearly 3 and exactly 9 times as many.
# - **We do not need to reduce the resolution**: 64 x 64 comes out. What this is worth, and what it costs, is the matter of sections 6 to 8.

# %% [markdown]
# ## 4. A stack of layers
#
# From layer to layer (all with stride 1), the receptive field $r$ grows by the reach less one:
#
# $$r_0 = 1, \qquad r_l = r_{l-1} + (k-1)\,d_l$$
#
# > **Predict first.** Four 3x3 layers. How far do they see with rates 1, 1, 1, 1? And with 1, 2, 4, 8?

# %% tags=["nbval-check-output"]
def stack(rates):
    return [(3, 1, rate, rate) for rate in rates]  # kernel_size, stride, padding, dilation

for rates in [(1,), (1, 1), (1, 1, 1), (1, 1, 1, 1), (1, 2), (1, 2, 4), (1, 2, 4, 8)]:
    formula, gradient = (segviz.receptive_field(stack(rates), (65, 65), by=by) for by in ("formula", "gradient"))
    print(f"rates {'-'.join(map(str, rates)):8} by formula {formula.size[0]:2}, by gradient {gradient.size[0]:2} pixels, "
          f"{9 * len(rates)} weights")

# %% [markdown]
# Rate 1 everywhere: the field grows by 2 a layer. Doubled rates: it doubles a layer, like with a pooling behind each layer, and every map keeps its full size. (Yu and Koltun, 2016, built a network of just that.)
#
# *By formula* follows $r_l$ from layer to layer. *By gradient* runs the network and asks torch which pixels the middle unit depends on. The two agree on how far the field goes. Do they agree on what is in it?

# %% [markdown]
# ## 5. Gridding
#
# > **Predict first.** Three 3x3 layers of rate 2: the field is 13 x 13 = 169 pixels. How many of them does the unit depend on?

# %% tags=["nbval-check-output"]
for rates in [(1, 1, 1), (2, 2, 2), (1, 2, 5), (2, 4, 8), (1, 2, 9)]:
    field = segviz.receptive_field(stack(rates), (65, 65), by="gradient")
    side, seen = field.size[0], int(field.pixels.sum())
    print(f"rates {'-'.join(map(str, rates))}: field {side:2} x {side:2} = {side * side:3} pixels, seen {seen:3}, never {side * side - seen}")

# %% [markdown]
# At 2-2-2 the unit sees 49 pixels of 169, and never the 120 between them: it takes even steps only, so it stays on every other row and column. This is called **gridding**. With 1-2-5 the field is larger, the weights are as many, and no pixel is left out.
#
# How often each pixel counts is the number of ways that lead from it to the unit. Going backwards, each layer spreads each number over its nine taps. That is a transposed convolution with a kernel of ones:

# %%
def ways(rates, size=35):
    counts = np.zeros((size, size))
    counts[size // 2, size // 2] = 1
    for rate in reversed(rates):
        counts = ops.conv_transpose2d(counts, np.ones((3, 3)), padding=rate, dilation=rate)
    field = slice(size // 2 - sum(rates), size // 2 + sum(rates) + 1)
    return counts[field, field]

# %%
stacks = [(1, 1, 1), (2, 2, 2), (1, 2, 5), (2, 4, 8)]
plot.show(plot.coverage({f"rates {'-'.join(map(str, rates))}": ways(rates) for rates in stacks}),
          alt="How often each pixel of the field counts: 2-2-2 and 2-4-8 leave a grid of pixels out, 1-1-1 and 1-2-5 none")

# %% [markdown]
# Play *field of* to see the field grow layer by layer; the table holds the formula beside the gradient. Then choose *1-1-1* and *1-2-5*.

# %%
widgets.AtrousConvolution2D(cat)

# %% [markdown]
# Move the rates one by one, too. Can you find three that see farther than 1-2-5 and leave no pixel out? (27 pixels are possible.)
#
# Why the holes matter: units that stand side by side see **different pixels**. At 2-2-2 the picture falls apart into four pictures, one for each combination of even and odd rows and columns, and no layer ever mixes them. Let us prove it with two pictures in one: even columns from the cat, odd columns from a cup of coffee.
#
# > **Predict first.** Blur this mixture three times with rates 2-2-2. Look only at the even columns of the result. How much coffee is in them? And with 1-2-5?

# %%
coffee = datasets.picture("coffee", size=(65, 65)).mean(0).numpy()
mixture = cat.copy()
mixture[:, 1::2] = coffee[:, 1::2]

def blurred(picture, rates):
    for rate in rates:
        picture = ops.conv2d(picture, np.full((3, 3), 1 / 9), padding=rate, dilation=rate)
    return picture

# %% tags=["nbval-check-output"]
for rates in [(2, 2, 2), (1, 2, 5)]:
    same = np.array_equal(blurred(mixture, rates)[:, ::2], blurred(cat, rates)[:, ::2])
    print(f"rates {'-'.join(map(str, rates))}: even columns as if there were no coffee: {same}")

# %%
shown = [mixture, blurred(mixture, (2, 2, 2)), blurred(mixture, (1, 2, 5))]
plot.show(plot.pictures(*shown, titles=["cat and coffee in turns", "rates 2-2-2", "rates 1-2-5"]),
          alt="Columns of a cat and a cup of coffee in turns; after 2-2-2 the stripes are three quarters as strong, after 1-2-5 they are hardly to be seen")

# %% [markdown]
# After 2-2-2 the stripes still stand. (They are three quarters as strong: the blurred cat and the blurred cup differ less than the sharp ones.) Three blurs, and two neighbouring columns have never met. After 1-2-5 a ninth of them is left: the blurs of rates 1 and 5 each mix neighbouring columns, and leave a third.
#
# **How to choose rates.** Along one axis, three taps at rate $d$ go from a place to $-d$, $0$ and $+d$. A stack sees all places that such steps can reach. Three lines tell you whether there are holes:

# %% tags=["nbval-check-output"]
def holes(rates):
    reached = {0}
    for rate in rates:
        reached = {place + tap * rate for place in reached for tap in (-1, 0, 1)}
    return 2 * sum(rates) + 1 - len(reached)

for rates in [(1, 2, 5), (5, 2, 1), (1, 2, 7), (1, 3, 9), (1, 2, 9), (1, 2, 4, 8), (2, 4, 8), (6, 12, 18)]:
    print(f"rates {'-'.join(map(str, rates)):8} field {2 * sum(rates) + 1:2}, holes along one axis: {holes(rates)}")

# %% [markdown]
# Rates with a **common factor** (2-4-8, 6-12-18) always leave a grid, for then all steps are multiples of it. Rates that **grow too fast** (1-2-9) leave gaps. Start with 1, and let no rate be larger than what the smaller ones reach together: after 1 and 2 they reach 7 pixels, so the next rate may be up to 7. After 1 and 3 they reach 9: so 1-3-9 is the stack that sees 27 pixels, without a hole. (The order of the layers makes no difference to what is reached.)

# %% [markdown]
# ## 6. Against 'downsample, convolve, upsample'
#
# The usual way to see farther with a 3x3 kernel: make the picture half as large, convolve, and enlarge the result again. One value then has the same field of view, 5 x 5 pixels, as a 3x3 kernel of rate 2 on the full picture. Which one is better?
#
# To halve, we take every other pixel; to enlarge, bilinear interpolation.
#
# > **Predict first.** The half-size way computes a quarter of the values. At how many of the pixels does it give the very same number as the atrous way? What about the others?

# %%
def half_size(picture, kernel):
    return ops.conv2d(picture[::2, ::2], kernel, padding=1)

def bilinear(coarse):  # known at even places, the mean of the neighbours in between
    return ops.conv_transpose2d(coarse, np.outer([.5, 1, .5], [.5, 1, .5]), stride=2, padding=1)

# %%
edges = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
face = datasets.picture("chelsea", size=(129, 129)).mean(0).numpy()
dense = ops.conv2d(face, edges, padding=2, dilation=2)
coarse = half_size(face, edges)

# %% tags=["nbval-check-output"]
print("half size:", coarse.shape, " atrous:", dense.shape)
print("the same at every other row and column:", np.allclose(coarse, dense[::2, ::2]))

# %% [markdown]
# So the half-size way is not wrong. It answers one pixel in four, exactly; the atrous convolution answers the other three *as well*. The upsampling can only guess them:

# %%
guess = bilinear(coarse)
plot.show(plot.pictures(dense, guess, dense - guess, titles=["atrous, rate 2", "down, convolve, up", "difference"], signed=[0, 1, 2]),
          alt="Vertical edges of a cat's face by both ways; they differ along the fine edges, the whiskers and the eyes")
wrong = np.abs(dense - guess).mean() / np.abs(dense).mean()
print(f"the guess is off by {wrong:.0%} of the mean answer")

# %% [markdown]
# What else the guess costs: move the picture by one pixel. The answers should move along, and be the same otherwise.

# %%
def shift(picture):
    return np.roll(picture, 1, axis=1)

def change(operation):  # away from the border, where the shift brings in other pixels
    moved, expected = operation(shift(face)), shift(operation(face))
    return np.abs(moved - expected)[8:-8, 8:-8].mean() / np.abs(expected)[8:-8, 8:-8].mean()

print(f"atrous:             {change(lambda one: ops.conv2d(one, edges, padding=2, dilation=2)):.0%} of the mean answer changes")
print(f"down, convolve, up: {change(lambda one: bilinear(half_size(one, edges))):.0%}")

# %% [markdown]
# And the bill, for a layer of 64 maps in and out on 256 x 256 pixels, at equal field of view of the convolution:

# %%
def clock(network, maps):
    with torch.no_grad():
        network(maps)  # once to warm up
        start = time.perf_counter()
        for _ in range(3):
            network(maps)
    return (time.perf_counter() - start) / 3

# %%
def atrous_way(rate):
    return nn.Conv2d(64, 64, 3, padding=rate, dilation=rate, bias=False)

def small_way(step):
    every_other = nn.MaxPool2d(1, step)  # a window of one value, once every step
    return nn.Sequential(every_other, nn.Conv2d(64, 64, 3, padding=1, bias=False),
                         nn.Upsample(scale_factor=step, mode="bilinear"))

# %%
maps = torch.rand(1, 64, 256, 256)
for factor in (2, 4):
    for name, network in [("atrous", atrous_way(factor)), ("down, convolve, up", small_way(factor))]:
        bill = segviz.cost(network, (64, 256, 256))
        print(f"field {2 * factor + 1} x {2 * factor + 1}, {name:18} {bill.multiply_adds / 1e9:5.2f} billion multiply-adds, "
              f"{1000 * clock(network, maps):6.1f} ms, {bill.parameters:,} weights")

# %% [markdown]
# The same weights, and the convolution spans as much of the picture; 4 times the multiply-adds at rate 2, and 16 times at rate 4: the square of the rate. (Enlarging mixes neighbours, so behind it one value sees 7 and 13 pixels.) That is the price of the full resolution. Whether it is worth it depends on how fine the answer must be.

# %% [markdown]
# ## 7. Take the stride out, dilate what follows
#
# Section 6 has shown the trick on one layer: *every other pixel, then rate 1* gives the same numbers as *every pixel, then rate 2*. It holds for whole networks. Where a layer has stride 2, leave the stride out; now its outputs stand twice as dense, so all layers **behind it** must take every other one: dilate them by 2. After two such strides, by 4.
#
# With a pencil first: a convolution of stride 2, then another one.

# %% tags=["nbval-check-output"]
x = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])
first, second = np.array([1, 1]), np.array([1, 0, -1])
strided = ops.conv1d(ops.conv1d(x, first, stride=2), second)
without = ops.conv1d(ops.conv1d(x, first), second, dilation=2)
print("with the stride:   ", strided)
print("without, dilated:  ", without)
print("at the old places: ", without[::2])

# %% [markdown]
# Now a trained network: the membrane classifier of lectures 03 and 04, with three poolings of stride 2. The rule is a function of eight lines:

# %%
def without_strides(network):
    network, rate = copy.deepcopy(network), 1
    for layer in network:
        if hasattr(layer, "stride"):
            step = int(np.max(layer.stride))
            layer.stride, layer.dilation = 1, rate
            rate *= step  # for all layers behind this one
    return network

# %%
sections = datasets.load("em_vnc", split="test")
classifier = training.load_checkpoint("patch_to_fcn", source=sections.source).model
strided = models.to_convolutional(classifier)
dilated = without_strides(strided)
for before, after in zip(strided, dilated, strict=True):
    if hasattr(before, "stride"):
        print(f"{type(before).__name__:9} {before.kernel_size}  stride {before.stride} -> {after.stride}, rate {after.dilation}")

# %% [markdown]
# > **Predict first.** On a piece of 160 x 160 pixels the strided network gives 16 x 16 answers. How many does the other one give? How many of the 16 x 16 old answers change?

# %%
piece = sections[0].image[None, :, 300:460, 20:180]
with torch.no_grad():
    few, many = strided(piece), dilated(piece)
print("answers:", *(" x ".join(map(str, one.shape[2:])) for one in (few, many)), sep="  ")
old = many[:, :, ::8, ::8]
assert (old - few).abs().max() <= 1e-4
print(f"largest difference at the old places: {(old - few).abs().max():.0e}, of answers up to {few.abs().max():.0f}")

# %%
shown = [F.softmax(one, 1)[0, 1] for one in (few, many)]
plot.show(plot.pictures(piece[0, 0, 16:-16, 16:-16], *shown, titles=["section", "with strides", "without, dilated"]),
          alt="A piece of nerve tissue; the membranes as 16 x 16 coarse squares, and from the same weights as fine lines")

# %% [markdown]
# No weight was changed, nothing was trained. The old answers stand where they stood, and 63 new ones have come to each of them.
#
# The same with a deep network: EfficientNet-Lite0 of lecture 02, 16 blocks, trained by its authors on photographs. `output_stride=8` leaves out its last two strides and dilates what follows.
#
# > **Predict first.** Which layers get the rate 4: those between the two strides, or those behind both?

# %%
streets = datasets.load("camvid", split="test", size=(192, 256))
street = streets[34]
backbones = {stride: models.EfficientNetLite0(output_stride=stride).eval() for stride in (32, 16, 8)}
with torch.no_grad():
    deepest = {stride: network(street.image[None])[stride] for stride, network in backbones.items()}
for stride, network in backbones.items():
    rates = [block.depthwise.conv.dilation[0] for block in network.blocks]
    print(f"output stride {stride:2}: {tuple(deepest[stride].shape[2:])}, rates of the 16 blocks {rates}")

# %% [markdown]
# Which are the old places this time? This network pads an odd total unevenly, one more row at the bottom and at the right, as TensorFlow does. So a stride of 2 keeps the *second* of each pair, and the old places are the last ones of each block:

# %%
for stride in (16, 8):
    step = 32 // stride
    old = deepest[stride][:, :, step - 1::step, step - 1::step]
    difference = (old - deepest[32]).abs().max() / deepest[32].abs().max()
    assert difference <= 1e-4
    print(f"output stride {stride:2}: {old[0].numel():,} old values, largest difference {difference:.0e} of the largest value")

# %% [markdown]
# Nothing but rounding, through dozens of layers. And the price?
#
# > **Predict first.** At output stride 8 the deep maps have 16 times as many places as at stride 32. Do the multiply-adds grow 16 times?

# %% tags=["nbval-check-output"]
for stride, network in backbones.items():
    bill = segviz.cost(network, (3, 192, 256))
    print(f"output stride {stride:2}: {bill.parameters:,} weights, {bill.multiply_adds / 1e9:.2f} billion multiply-adds, "
          f"{bill.kept_bytes / 2**20:.0f} MiB to train")

# %% [markdown]
# Not 16 times, because the first half of the network is as before; but 6.5 times, and nearly three times the memory. The number of weights does not change by one.

# %% [markdown]
# ## 8. Output stride 32, 16 or 8?
#
# Is finer better? *First without training.* FCN-32s (lecture 04) has a head trained on the deepest maps at stride 32. The dilated backbones give it the same kind of maps, only finer. So we can put the *same head* on them, and enlarge the scores 32, 16 or 8 times.
#
# One detail: the head has learned to answer for the middle of its block, from a value that stands at the block's last pixel. For the finer maps the answers therefore have to move by half of what the blocks have shrunk.

# %%
def enlarged(scores, stride):
    large = F.interpolate(scores, scale_factor=stride, mode="bilinear")
    move = (32 - stride) // 2
    return F.pad(large[..., move:, move:], (0, move, 0, move), mode="replicate")

# %% [markdown]
# Does that fit to the pixel? Take a case that can be worked out: scores that rise evenly from block to block, by 1 down the rows and by 100 along them. At stride 8 these old values stand at the places 3, 7, 11, ..., and the new ones evenly between them.

# %% tags=["nbval-check-output"]
for stride in (32, 16, 8):
    step = 32 // stride
    along = (torch.arange(8 * step) - (step - 1)) / step
    scores = (along[:, None] + 100 * along)[None, None]
    print(f"stride {stride:2}: rows 48, 49, 50 of column 48 are", enlarged(scores, stride)[0, 0, 48:51, 48].tolist())

# %%
head = training.load_checkpoint("camvid_fcn32s", source=streets.source).model.decoder.heads[0]
some = [streets[i] for i in range(0, len(streets), 4)]
with torch.no_grad():
    deep = {stride: torch.cat([network(sample.image[None])[stride] for sample in some])
            for stride, network in backbones.items()}
    class_maps = {stride: enlarged(head(maps), stride).argmax(1) for stride, maps in deep.items()}

# %% [markdown]
# > **Predict first.** 16 times as many answers, 6.5 times the price, nothing trained. What will the mean IoU do: rise a lot, a little, or fall? And the boundaries?

# %%
for stride in backbones:
    matrix, f1 = metrics.ConfusionMatrix(11), []
    for found, sample in zip(class_maps[stride], some, strict=True):
        matrix.update(found, sample.mask)
        f1.append(metrics.boundary_f1(found, sample.mask, num_classes=11))
    print(f"output stride {stride:2}: mIoU {matrix.mean_iou:.3f}, boundary F1 {np.mean(f1):.3f}")

# %% [markdown]
# Honestly: not much. The two scores move by a few hundredths at most.
#
# *Now with training.* Perhaps each stride only needs a head of its own? Each gets one 3x3 convolution on the frozen backbone, with rate 1 at stride 32, 2 at 16, 4 at 8: so the three heads have as many weights, see the same pixels, and differ only in how densely they answer. They were trained on the real street scenes as long as the ladder of lecture 04, and stand in one table with it.
#
# > **Predict first.** Which stride wins now? And where do FCN-16s and FCN-8s stand, which dilate nothing, but have skips?

# %%
def price(card):
    with torch.device("meta"):  # sizes only, no numbers
        network = models.create(card.model, **card.variant).eval()
    return segviz.cost(network, (3, *card.picture_size)).multiply_adds / 1e9

# %%
def table(names):
    print(f"{'mean +- spread of the seeds':27} mIoU            boundary F1     multiply-adds")
    for name in names:
        card = training.load_card(name)
        iou, f1 = (card.scores[score] for score in ("mean_iou", "boundary_f1"))
        print(f"{name:27} {iou.mean:.3f} +- {iou.spread:.3f}  {f1.mean:.3f} +- {f1.spread:.3f}  "
              f"{price(card):.2f} billion  {len(card.seeds)} seeds")
    height, width = card.picture_size
    print(f"{card.train} training and {card.test} test pictures of {height} x {width} pixels, {card.steps} steps")

# %%
table([f"camvid_stride{stride}" for stride in (32, 16, 8)] + [f"camvid_fcn{stride}s" for stride in (32, 16, 8, 4)])
card = training.load_card("camvid_stride32")
print(card.date, card.device, *card.citation.split("; "), sep="\n")

# %%
def segmented(name, image):
    with torch.no_grad():
        return training.load_checkpoint(name, source=streets.source).model(image[None])[0].argmax(0)

maps = {f"output stride {stride}": segmented(f"camvid_stride{stride}", street.image) for stride in (32, 16, 8)}
maps |= {"FCN-8s": segmented("camvid_fcn8s", street.image), "truth": street.mask}
plot.show(plot.class_maps(street.image, maps, streets.classes, title="street", columns=3),
          alt="A street, its class maps by heads at output stride 32, 16 and 8, by FCN-8s, and the truth")

# %% [markdown]
# A negative result: from stride 32 to 8 the multiply-adds grow 6.5 times, and the mean IoU moves by less than a point, about as much as from seed to seed. The boundaries gain two points. The dilated network answers more *often*; each answer still comes from features that have learned to describe large blocks, with a wide view and no sharp sense of place. Dilation keeps the resolution, it does not add knowledge of the fine. (The backbone is frozen here. In the papers it is trained along, and may learn to use the finer map.)
#
# The skips of FCN-16s alone gain ten points of mIoU for next to nothing. So why does anybody dilate? Because on a map that must not become smaller, it is the way to see farther without more weights (section 4). And nobody has to choose: DeepLab v3+ (2018) dilates its last stage *and* has a skip (section 11).

# %% [markdown]
# ## 9. A rate that is too large
#
# > **Predict first.** A map of 33 x 33 values (a picture of 513 pixels at stride 16), a 3x3 kernel, padding equal to the rate. How many of its nine taps stand on the map, for the unit in the middle, at rates 6, 12, 16, 18, 24?

# %% tags=["nbval-check-output"]
for rate in (6, 12, 16, 18, 24):
    taps = ops.conv2d(np.ones((33, 33)), np.ones((3, 3)), padding=rate, dilation=rate)
    print(f"rate {rate:2}: taps on the map: {taps[16, 16]:.0f} in the middle, {taps.mean():.1f} on average; "
          f"all nine for {np.mean(taps == 9):.1%} of the units")

# %% [markdown]
# From rate 17 on, the middle unit keeps only its centre tap. The other eight read added zeros: a 3x3 convolution has **become a 1x1 convolution** there. The weights exist, and cost, but have nothing to see:

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(0)
map_33, weights = rng.normal(size=(33, 33)), rng.normal(size=(3, 3))
for rate in (12, 18, 33):
    y = ops.conv2d(map_33, weights, padding=rate, dilation=rate)
    same = np.isclose(y, weights[1, 1] * map_33)
    print(f"rate {rate}: equal to the 1 x 1 convolution in the middle: {same[16, 16]}, everywhere: {same.all()}")

# %% [markdown]
# ## 10. Atrous spatial pyramid pooling
#
# How large is the object? Nobody knows beforehand. So **atrous spatial pyramid pooling** (ASPP) does not choose: several atrous convolutions of different rates stand **side by side** on the same maps, and their answers are fused into one.
#
# *Fusion: there are various possibilities.* Say four branches give the scores $s_1, \dots, s_4$ of one class at one place:
#
# - **addition** (*sum* in the widget): $s_1 + s_2 + s_3 + s_4$ (DeepLab v2);
# - **average**: a quarter of that;
# - **maximum**: the branch that is surest decides;
# - **concatenation**: all branches' maps are laid on each other, and a 1x1 convolution with weights of its own makes one answer (DeepLab v3 and v3+).
#
# On a drawn street, with the heads of DeepLab v2 (ASPP-S, ASPP-L) and v3+ on maps of stride 8. Each branch here has learned to answer alone, so its map shows what its rate sees.
#
# > **Predict first.** At rate 24 on 24 x 32 places: how many of a branch's nine taps stand on the map for the unit in the middle? Where is such a branch good, and where does it fail?

# %%
widgets.ASPP()

# %% [markdown]
# 1. Play it: each branch in turn, and where its taps stand; last the fusion.
# 2. Choose ASPP-L and put the unit into a corner. How many taps are left of rate 24?
# 3. Go through the four fusions, for each head. Which one is right most often, and by how much?
# 4. Show the scores of one class, and follow the sum at a unit where the branches disagree.
#
# (The prediction: rates 18 and 24 have one tap left for the unit in the middle. There they are 1x1 convolutions, good where the place itself tells the class, and blind to what stands around it. 2: two of nine. 3: all four are within two points of each other, and none is more than a few tenths of a point ahead of the best single branch.)
#
# Now the same with branches that were trained together, on the pictures of section 8.
#
# > **Predict first.** Fuse the scores of a trained network by addition, then by average. At how many pixels does another class win? And by maximum?

# %%
class ASPP(nn.Module):
    def __init__(self, fusion, rates=(1, 2, 3, 5), channels=320, classes=11):
        super().__init__()
        self.norm, self.fusion = nn.BatchNorm2d(channels), fusion
        self.branches = nn.ModuleList(nn.Conv2d(channels, classes, 3, padding=r, dilation=r) for r in rates)
        self.join = nn.Conv2d(classes * len(rates), classes, 1)

    def forward(self, maps):
        return fuse([branch(self.norm(maps)) for branch in self.branches], self.fusion, self.join)

# %%
def fuse(scores, fusion, join=None):
    if fusion == "concatenation":
        return join(torch.cat(scores, 1))
    scores = torch.stack(scores)
    return {"addition": scores.sum(0), "average": scores.mean(0), "maximum": scores.amax(0)}[fusion]

# %% [markdown]
# The maps come from EfficientNet-Lite0 at output stride 16: 12 x 16 places for 192 x 256 pixels. By section 9 the paper's rates 6, 12, 18, 24 would stand outside most of the time, so ours are 1, 2, 3, 5. The library has the same network as `models.DeepLabV2`, and its weights come with the course. Let us put them into our own eight lines:

# %%
network = training.load_checkpoint("camvid_aspp", source=streets.source).model
aspp = ASPP("addition").eval()
own = {name.replace(".0.weight", ".weight").replace(".0.bias", ".bias"): weight
       for name, weight in network.state_dict().items() if not name.startswith("backbone.")}
missing = aspp.load_state_dict(own, strict=False).missing_keys
with torch.no_grad():
    same = torch.allclose(aspp(deep[16][:1]), network.scores(some[0].image[None]), atol=1e-3)
print("the library's scores:", same, " not used by addition:", missing)

# %% [markdown]
# Its four branches, fused in all four ways. As 1x1 convolution of the concatenation we take one that copies: weight 1 from each branch's score to the class's sum.

# %%
with torch.no_grad():
    branches = [branch(aspp.norm(deep[16])) for branch in aspp.branches]
    copies = nn.Conv2d(44, 11, 1, bias=False)
    copies.weight.copy_(torch.eye(11).repeat(1, 4)[:, :, None, None])
    added = fuse(branches, "addition")
    for fusion in ("average", "maximum", "concatenation"):
        differ = (fuse(branches, fusion, copies).argmax(1) != added.argmax(1)).float().mean()
        print(f"{fusion:13} another class than addition at {differ:.1%} of the places")

# %% [markdown]
# - **Addition and average** choose the same class everywhere, for a quarter of all scores has the same largest one. (In training they differ: the gradient is a quarter as large, and the softmax is flatter.)
# - **Concatenation** can do all that addition can, and more: its weights are learned, and may trust one branch for cars and another one for the sky. The price is 11 x 44 weights here.
# - **Maximum** decides otherwise: one loud branch wins against three quiet ones.

# %%
def large(scores):
    return F.interpolate(scores, scale_factor=16, mode="bilinear").argmax(1)

number = min(range(len(some)), key=lambda i: (some[i].mask == 255).sum())
titles = ["rate 1", "rate 2", "rate 3", "rate 5", "added", "maximum"]
found = [large(one[number:number + 1])[0] for one in [*branches, added, fuse(branches, "maximum")]]
maps = {**dict(zip(titles, found, strict=True)), "truth": some[number].mask}
plot.show(plot.class_maps(some[number].image, maps, streets.classes, title="street", columns=4),
          alt="A street, the class maps of four branches of different rates, two fusions of them, and the truth")

# %% [markdown]
# The branches do not agree. None was trained to answer alone: each learned to be *one summand*, and the loss saw only their sum.
#
# > **Predict first.** Four branches instead of one 3x3 convolution: how much does that bring on the real street scenes? And which fusion does best if it is trained with?

# %%
table(["camvid_stride16", "camvid_aspp", "camvid_aspp_maximum", "camvid_aspp_concatenation"])

# %% [markdown]
# Here, no mIoU: addition and concatenation equal the single convolution within the spread of three seeds, and the maximum lies a point or two below. The boundaries gain a point or so. (Average is left out: it is addition with a smaller gradient.) In the paper, with the whole network trained, it was worth more: VGG-16 with one rate reached 65.76 %, with four 68.96 %, before the CRF. It trained on maps of 41 x 41 places; ours have 12 x 16, and one 3x3 convolution of rate 2 reaches over 5 x 5 of them.

# %% [markdown]
# ## 11. DeepLab
#
# DeepLab is sections 7 and 10 together: a classifier (VGG-16 or ResNet-101) *where the last max-poolings and strides have been replaced with atrous convolutions*, and ASPP upon it. Two of its versions:
#
# | | DeepLab v2 (2016) | DeepLab v3+ (2018) |
# |---|---|---|
# | output stride | 8 | 16 (or 8) |
# | ASPP | four 3x3 convolutions, rates 6, 12, 18, 24 | 1x1, three 3x3 with rates 6, 12, 18, and the mean of the whole picture |
# | on the branches | nothing: they are scores | batch norm and ReLU, 256 maps each |
# | fusion | addition | concatenation, then 1x1 |
# | back to full size | bilinear, 8 times | 4 times, a **skip** from stride 4, two 3x3 convolutions, 4 times |
# | afterwards | dense CRF (section 12) | nothing |
#
# > **Predict first.** Both on ResNet-101, a picture of 513 x 513 pixels. Which one has more weights? Which one has more multiply-adds?

# %% tags=["nbval-check-output"]
versions = {
    "v2, ResNet-101": lambda: models.DeepLabV2(backbone="resnet101"),
    "v3+, ResNet-101": lambda: models.DeepLabV3Plus(backbone="resnet101"),
    "v3+ without its decoder": lambda: models.DeepLabV3Plus(backbone="resnet101", decoder=False),
}
for name, make in versions.items():
    with torch.device("meta"):  # sizes only, no numbers
        bill = segviz.cost(make().eval(), (3, 513, 513))
    print(f"{name:24} {bill.parameters / 1e6:5.1f} million weights, {bill.multiply_adds / 1e9:6.1f} billion multiply-adds")

# %% [markdown]
# v3+ has a third more weights, for its ASPP makes 256 maps a branch instead of 21, and **half** the multiply-adds: stride 16 instead of 8 saves more than ASPP and decoder cost. The fine detail comes back over the skip. In the papers, on PASCAL VOC 2012 val: v2 76.35 % mIoU, with CRF 77.69 %; v3+ on the same ResNet-101 78.85 %, without a CRF and without v2's three scales and extra training on COCO.
#
# Both in small, on the frozen EfficientNet-Lite0 at output stride 16 and the real street scenes: `camvid_aspp` is v2's idea, `camvid_aspp_skip` that of v3+ (other rates, 64 maps a branch, and a learning rate of its own). So that we see what its decoder is worth, `camvid_aspp_without_decoder` is the same without it: no skip, and no convolutions behind it.
#
# > **Predict first.** ASPP sees several sizes, the skip sees fine detail. Where does v3+ come to stand: near `camvid_aspp`, near FCN-8s, or above both? And without its decoder?

# %%
table(["camvid_aspp", "camvid_aspp_without_decoder", "camvid_aspp_skip", "camvid_fcn8s"])

# %% [markdown]
# Well above `camvid_aspp`, and its boundaries are twice as good. Is that the skip? Compare the two rows in the middle, between which nothing else changes: without its decoder v3+ stands *below* `camvid_aspp`, and with it boundary F1 is more than doubled. (With the decoder's convolutions kept and only the skip's map set to zero, in training as well, three seeds: mIoU 0.344, boundary F1 0.120. So nearly all of it is the skip.) But it is far below FCN-8s, which is cheaper. FCN-8s reads the backbone's maps of strides 32, 16 *and* 8; v3+ jumps from its dilated map to stride 4, where a frozen backbone has 24 maps, mostly of edges and colours. The skip decides, not the dilation.

# %% [markdown]
# ## 12. The dense CRF
#
# A network's answer is coarse, and the picture has sharp edges. Why not ask the picture? A **fully connected conditional random field** (dense CRF) compares each pixel with *every* other. For labels $x$ it adds up
#
# $$E(x) = \sum_i -\log P(x_i) \;+\; \sum_{i<j} [x_i \ne x_j] \left( w_1\, e^{-\frac{|p_i-p_j|^2}{2\sigma_\alpha^2} - \frac{|I_i-I_j|^2}{2\sigma_\beta^2}} + w_2\, e^{-\frac{|p_i-p_j|^2}{2\sigma_\gamma^2}} \right)$$
#
# and looks for labels with a small sum. $P$ is the network's softmax, $p$ a pixel's place, $I$ its colour. Different labels cost much where two pixels are near *and of like colour* (**appearance**), and where they are simply near (**smoothness**).
#
# It is solved step by step (*mean field*): each pixel takes the network's opinion, plus those of all pixels, weighted by the two kernels (its own is among them: the nearest of all). Here with smoothness only, on three pixels. The middle one doubts.
#
# > **Predict first.** $w_2 = 3$. Will the middle pixel change its mind?

# %% tags=["nbval-check-output"]
P = np.array([[.9, .4, .9], [.1, .6, .1]])  # two classes, three pixels
near = np.exp(-np.subtract.outer(range(3), range(3)) ** 2 / 2)  # sigma 1
near /= near.sum(1, keepdims=True)  # the opinions that a pixel hears have weight 1 in all
Q = P
for iteration in range(3):
    scores = np.exp(np.log(P) + 3 * Q @ near.T)
    Q = scores / scores.sum(0)
    print(f"iteration {iteration + 1}: class 0 at the three pixels", Q[0].round(3))

# %% tags=["nbval-check-output"]
exact = postprocessing.dense_crf(P[:, None], np.zeros((1, 1, 3)), iterations=3, appearance_weight=0,
                                 smoothness_weight=3, smoothness_sigma=1, method="exact")
print("as the library says:", np.allclose(exact[:, 0], Q, atol=1e-5))

# %% [markdown]
# Now on a street that segviz has drawn, with what FCN-32s says of such streets, both at a quarter of their rows and columns.
#
# > **Predict first.** FCN-32s has rounded every corner. Which objects will the CRF get right: sky, car, poles? What becomes of a thin thing that the network has not seen at all?

# %%
widgets.DenseCRF()

# %% [markdown]
# 1. Play it. Blue is right now, orange is wrong now, grey was wrong and is. In which iteration do most labels move?
# 2. Find a *colour_sigma* that gets more pixels right than the 3 of the paper. Then make it as large as it goes. At 60 colours still count, for black and white are 255 apart. What would the appearance kernel be if they did not? (At 100,000 fewer pixels are right than at 3.)
# 3. Set *appearance_weight* to 0, *smoothness_weight* to 10 and *smoothness_sigma* to 10. Does smooth mean right?
# 4. Look for the poles. The CRF moves borders; what no pixel believes in, it cannot find.

# %% [markdown]
# How can *every* pixel hear every other? A picture of 321 x 481 pixels has 12 thousand million pairs. The library lets them meet in between. Each pixel hands its opinion to the corners of a **lattice** in the space of place and colour, near corners blur into each other, and each pixel reads its corners again. That is fast, and not quite exact: where two classes are nearly level, a small error decides between them. So in a small picture those pixels, and only those, get the exact sum.
#
# > **Predict first.** Of 1000 labels, how many does the lattice give another class than the sums over all pairs do? How many are left once the doubtful pixels are summed exactly?

# %%
network = training.load_checkpoint("camvid_fcn8s", source=streets.source).model
with torch.no_grad():
    soft = network(some[0].image[None])[0].softmax(0)
window = np.s_[:, 64:128, 80:176]
exact, *others = (postprocessing.dense_crf(soft[window], some[0].image[window], iterations=5, method=way).argmax(0)
                  for way in ("exact", "lattice", "fine"))
for way, labels in zip(("the lattice", "the lattice, and exact sums where a pixel doubts"), others, strict=True):
    print(f"{way}: {1000 * (labels != exact).mean():.1f} of 1000 labels are others")

# %% [markdown]
# Measured on real streets, with 36 choices of picture, window and *colour_sigma*: 1.2 in 1000 on the lattice, at most 3.2; with exact sums where a pixel doubts 0.04 in 1000, at most 0.2. Up to 128 x 128 pixels the library does the latter by itself. Beyond, all pairs of even the doubtful pixels are too many, and it stays on the lattice.
#
# And on a few whole streets, five iterations each:

# %%
def report(name, rows, samples):
    for way, found in rows.items():
        matrix = metrics.ConfusionMatrix(11)
        for one, sample in zip(found, samples, strict=True):
            matrix.update(one, sample.mask)
        f1 = np.mean([metrics.boundary_f1(one, sample.mask, num_classes=11) for one, sample in zip(found, samples, strict=True)])
        print(f"{name} {way:8} mIoU {matrix.mean_iou:.3f}, boundary F1 {f1:.3f}")

# %%
for name in ("camvid_fcn32s", "camvid_fcn8s"):
    network = training.load_checkpoint(name, source=streets.source).model
    with torch.no_grad():
        soft = [network(sample.image[None])[0].softmax(0) for sample in some[::3]]
    sharper = [postprocessing.dense_crf(one, sample.image, iterations=5)
               for one, sample in zip(soft, some[::3], strict=True)]
    report(name, {"alone": [one.argmax(0) for one in soft],
                  "with CRF": [torch.from_numpy(one.argmax(0)) for one in sharper]}, some[::3])

# %% [markdown]
# The weights and sigmas are DeepLab's, tuned for its own network and not for ours. See what that does: FCN-32s' boundary F1 rises, because its borders go to the edges in the picture. Its mean IoU need not rise with it, and FCN-8s, whose skips have found the borders already, has less to gain and can lose. On all 42 real test pictures and with ten iterations, FCN-32s goes from .346 to .354 in mIoU and from .094 to .159 in boundary F1; FCN-8s *falls* from .493 to .466 in mIoU, and its boundary F1 stays where it was (.270, .274).
#
# The head of section 10 is nearer to what the settings were made for. Its card, on the same pictures:

# %%
card = training.load_card("camvid_aspp")
for metric in ("mean_iou", "boundary_f1"):
    before, after = card.scores[metric], card.scores[f"crf_{metric}"]
    print(f"camvid_aspp {metric:12} alone {before.mean:.3f} +- {before.spread:.3f}, with CRF {after.mean:.3f} +- {after.spread:.3f}")

# %% [markdown]
# **A CRF makes borders sharp; it knows no more about classes than the network.**
#
# The papers tell the same: on VOC 2012 val DeepLab v2 with VGG-16 (LargeFOV) gained 4.1 points by its CRF (65.76 % to 69.84 %), with ResNet-101 only 1.3 (76.35 % to 77.69 %). The better the network, the less is left to do, and v3+ leaves it out.

# %% [markdown]
# ## 13. Four things that are often believed
#
# **'The formula tells what a unit sees.'** It tells how far the outermost pixels lie apart. What lies between may be unseen (gridding), and what lies outside the picture does not exist:

# %% tags=["nbval-check-output"]
for rates, size in [((2, 2, 2), 65), ((18,), 33)]:
    formula, gradient = (segviz.receptive_field(stack(rates), (size, size), by=by) for by in ("formula", "gradient"))
    print(f"rates {rates} on {size} x {size}: formula {formula.size[0] ** 2} pixels, gradient {int(gradient.pixels.sum())}")

# %% [markdown]
# **'Atrous convolution is free: no more weights, no more multiply-adds.'** True for one layer that is on a large map already (section 3). But it stands there *instead of a smaller map*, and against that it costs the square of the rate (or 6.5 times for a whole network, section 7):

# %% tags=["nbval-check-output"]
for rate in (2, 4):
    bills = [segviz.cost(way(rate), (64, 256, 256)).multiply_adds for way in (atrous_way, small_way)]
    print(f"rate {rate}: {bills[0] / bills[1]:.0f} times the multiply-adds of the smaller map")

# %% [markdown]
#
# **'To see farther, just dilate a trained network.'** Its weights were learned for neighbours at a certain distance. Dilate without taking a stride out, and they compare things that they have never compared. Here is a cup of coffee, classified by the network as trained, with two strides taken out, and with the same rates but all strides left in:

# %%
from torchvision.models import EfficientNet_B0_Weights

names = EfficientNet_B0_Weights.DEFAULT.meta["categories"]
trained = models.EfficientNetLite0(classifier=True).eval()
taken_out = models.EfficientNetLite0(classifier=True, output_stride=8).eval()
left_in = copy.deepcopy(trained)
for block, dilated in zip(left_in.blocks, taken_out.blocks, strict=True):
    if block.depthwise.conv.stride == (1, 1):
        block.depthwise.conv.dilation = dilated.depthwise.conv.dilation
        block.depthwise.conv.padding = dilated.depthwise.conv.padding

# %%
cup = datasets.picture("coffee", size=(224, 224))
for name, network in {"as trained": trained, "strides taken out": taken_out, "only dilated": left_in}.items():
    with torch.no_grad():
        probability = network.logits(cup[None]).softmax(1)[0]
    print(f"{name:18} {names[probability.argmax()]}, {probability.max():.0%}")

# %% [markdown]
# **'What reaches as far sees as much.'** Three ways to 9 x 9 pixels:

# %% tags=["nbval-check-output"]
for rates in [(2, 2), (4,), (1, 3)]:
    field = segviz.receptive_field(stack(rates), (33, 33), by="gradient")
    print(f"rates {rates}: {field.size[0]} x {field.size[0]}, {int(field.pixels.sum())} pixels seen, {9 * len(rates)} weights")

# %% [markdown]
# ## 14. Guidelines
#
# | guideline | why, in numbers |
# |---|---|
# | To see farther without more weights, pull the taps apart. | 3x3 at rate 4 sees 9 x 9 pixels with 2,304 weights; a full 9x9 kernel has 20,736 (section 3). |
# | Let rates grow from layer to layer. | Four layers see 9 pixels with rates 1-1-1-1, and 31 with 1-2-4-8 (section 4). |
# | No common factor, no jump: begin with 1. | 2-2-2 never sees 120 of its 169 pixels, 1-2-5 sees all of its 289 (section 5). |
# | To keep the resolution of a trained network, take the stride out and dilate what follows. | Nothing changed but rounding, a millionth of the largest answer, both in a small network and through dozens of layers (section 7). |
# | Pay for resolution only where it counts. | Output stride 8 instead of 32 costs 6.5 times the multiply-adds; on a frozen backbone mIoU moved by less than a point (sections 7 and 8). |
# | Try skips first. | FCN-16s has ten points of mIoU more than any output stride, for the price of FCN-32s (section 8). |
# | Keep the rate below half of the map. | On 33 x 33 values, rate 17 turns the middle unit's 3x3 kernel into 1x1 (section 9). |
# | If the size of objects varies, put several rates side by side; concatenate, and let 1x1 weights decide. | A concatenation with the right weights gives what addition gives, everywhere. But measure: four branches gained no mIoU over one on our small maps (section 10). |
# | Rather a skip and stride 16 than stride 8. | DeepLab v3+ takes half of v2's multiply-adds on the same backbone; in small, decoder and skip more than doubled boundary F1 (section 11). |
# | Expect borders from a CRF, not classes. | `camvid_aspp` gained five points of boundary F1 by it and less than one of mIoU; FCN-8s lost nearly three of mIoU (section 12). |

# %% [markdown]
# ## 15. Further reading
#
# - M. Holschneider, R. Kronland-Martinet, J. Morlet, P. Tchamitchian: *A real-time algorithm for signal analysis with the help of the wavelet transform*, 1989. The *algorithme à trous*.
# - F. Yu, V. Koltun: *Multi-scale context aggregation by dilated convolutions*, ICLR 2016. Rates 1, 2, 4, 8, and so on.
# - L.-C. Chen, G. Papandreou, I. Kokkinos, K. Murphy, A. Yuille: *DeepLab: semantic image segmentation with deep convolutional nets, atrous convolution, and fully connected CRFs*, PAMI 2018. Section 3.1 is sections 6 and 7 of this lecture.
# - P. Wang, P. Chen, Y. Yuan, D. Liu, Z. Huang, X. Hou, G. Cottrell: *Understanding convolution for semantic segmentation*, WACV 2018. Gridding and the choice of rates.
# - F. Yu, V. Koltun, T. Funkhouser: *Dilated residual networks*, CVPR 2017. Strides taken out of a ResNet, and what to do about gridding.
# - L.-C. Chen, Y. Zhu, G. Papandreou, F. Schroff, H. Adam: *Encoder-decoder with atrous separable convolution for semantic image segmentation*, ECCV 2018. DeepLab v3+.
# - P. Krähenbühl, V. Koltun: *Efficient inference in fully connected CRFs with Gaussian edge potentials*, NIPS 2011.
# - A. Adams, J. Baek, A. Davis: *Fast high-dimensional filtering using the permutohedral lattice*, Eurographics 2010.
# - L.-C. Chen, G. Papandreou, F. Schroff, H. Adam: *Rethinking atrous convolution for semantic image segmentation*, 2017. Section 3.3 has the rate that is too large.

# %% [markdown]
# ## 16. Train it yourself
#
# Does gridding hurt a network that is trained with it? Off by default. Set `TRAIN = True` and run the cells: three networks of the same size, which differ in nothing but their rates, learn to find membranes from tiles of the training sections. Stacks of 2-2-2 and of 1-2-3 see equally far; only the first of them has gaps. It uses the GPU if there is one; without one it takes about a minute.
#
# (With this seed, about: 0.57, 0.67 and 0.68 on the drawn sections, 0.51, 0.59 and 0.62 on real ones. The far view helps more than the gaps hurt. One run is one throw of the dice: try other seeds before you believe the second decimal.)

# %%
TRAIN = False

def small_network(rates, width=16):
    layers, channels = [], 1
    for rate in rates * 2:  # each rate twice, six layers in all
        layers += [nn.Conv2d(channels, width, 3, padding=rate, dilation=rate, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, nn.Conv2d(width, 2, 1))

# %%
def draw(samples):
    pairs = [(sample.image[:, :512, :512], sample.mask[:512, :512]) for sample in samples]
    def four_tiles(generator):
        picks = [torch.randint(n, (4,), generator=generator).tolist() for n in (len(pairs), 384, 384)]
        tiles = [(pairs[i][0][:, r:r + 128, c:c + 128], pairs[i][1][r:r + 128, c:c + 128]) for i, r, c in zip(*picks, strict=True)]
        return torch.stack([image for image, _ in tiles]), torch.stack([mask for _, mask in tiles])
    return four_tiles

# %%
if TRAIN:
    tiles, new = draw(list(datasets.load("em_vnc", split="train"))), sections[0]
    for rates in [(1, 1, 1), (2, 2, 2), (1, 2, 3)]:
        torch.manual_seed(0)
        network = small_network(rates)
        training.fit(network, tiles, losses.cross_entropy, steps=150, learning_rate=1e-2, schedule="one_cycle")
        with torch.no_grad():
            found = network.cpu()(new.image[None, :, :512, :512])[0].argmax(0)
        both, either = (found & new.mask[:512, :512]).sum(), (found | new.mask[:512, :512]).sum()
        print(rates, f"membrane IoU {both / either:.3f}")

# %% [markdown]
# **Exercises:** [08 Atrous convolution](exercises/08_atrous.ipynb): write the kernel with holes, the field of a stack and what it sees of that, and have them checked.
#
# **Next:** [lecture 09, network size](09_network_size.ipynb): what all these networks cost, counted, and which card holds them.
