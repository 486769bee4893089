# %% [markdown]
# # 05 Unpooling
#
# After this lecture you can
#
# - **compute** by hand what nearest, bed of nails and max-unpooling make of a small table;
# - **say** which size max-unpooling must be told, and recognise a picture that was unpooled without it, or with wrong indices;
# - **pair** each pooling of an encoder with its unpooling in the decoder, for any input size.
#
# *How to use this page:* run the cells from top to bottom (Shift+Enter). Stop at each **Predict first** and write your answer down before you go on.

# %%
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import segviz
from segviz import datasets, models, ops, plot, training, widgets

# %% [markdown]
# ## 1. Three ways down
#
# Lecture 04 ended with a plan: go **down** to small maps, where convolutions are cheap and see far, then come **up** again to one class for every pixel. There are three usual ways down. With windows of 2x2 and a stride of 2, all of them leave a quarter of the numbers:
#
# - **max-pooling**: the largest number of each window;
# - **average pooling**: the mean of each window;
# - **strided convolution**: a kernel times each window, with weights that are learned.
#
# > **Predict first.** Write down what each of them leaves of this table. Take 1/2, 0, 0, 1/2 as the kernel.

# %% tags=["nbval-check-output"]
x = np.array([[1, 3, 2, 0],
              [4, 2, 2, 5],
              [0, 1, 7, 7],
              [1, 0, 7, 7]])
kernel = np.array([[0.5, 0.0], [0.0, 0.5]])
largest, indices = ops.max_pool2d(x, 2)
print("max-pooling\n", largest)
print("average pooling\n", ops.avg_pool2d(x, 2))
print("strided convolution\n", ops.conv2d(x, kernel, stride=2))

# %% [markdown]
# A strided convolution is a convolution of which every second row and column is kept; it only leaves out computing the rest. And average pooling is a strided convolution that can't learn: all its weights are 1/4.
#
# > **Predict first.** Is max-pooling a strided convolution, too, with some clever kernel? (Every convolution of $-x$ is minus the convolution of $x$.)

# %% tags=["nbval-check-output"]
every_second = ops.conv2d(x, kernel)[::2, ::2]
quarters = ops.conv2d(x, np.full((2, 2), 1 / 4), stride=2)
print("strided = every second:", np.array_equal(ops.conv2d(x, kernel, stride=2), every_second))
print("average = kernel 1/4:  ", np.array_equal(ops.avg_pool2d(x, 2), quarters))
print("max of -x = -max of x: ", np.array_equal(ops.max_pool2d(-x, 2)[0], -largest))

# %% [markdown]
# No. The maximum does something that no kernel can: it *chooses*. So it knows **where** its number came from. This is what the rest of the lecture lives on.

# %% [markdown]
# ## 2. Up without memory
#
# The pooled table has 2 x 2 numbers, and we want 4 x 4 again. Twelve numbers are missing, so something must be made up:
#
# - **nearest**: repeat each number over its block;
# - **bed of nails**: put it into the corner of its block, and zeros around it.
#
# (Bilinear enlargement, which lecture 04 used for the scores, is a third one. Lecture 06 takes it apart.)
#
# > **Predict first.** Write down both for the maxima 4, 5, 1, 7.

# %% tags=["nbval-check-output"]
print("nearest\n", ops.upsample_nearest(largest, 2))
print("bed of nails\n", ops.bed_of_nails(largest, 2))

# %% [markdown]
# Compare with the table itself: the 4 stood at row 1, column 0. The nail stands at row 0, column 0. Nearest puts a 4 at the right place, and at three wrong ones. Neither *knows* where it belongs.

# %% [markdown]
# ## 3. Max-unpooling
#
# Then let us remember. When max-pooling takes the largest number $y_j$ of window $j$, it **saves its index** $\iota_j$ somewhere: the place where the number stood. Indices count row by row from the top left corner. **Max-unpooling** starts with zeros everywhere, and puts each number back to its index:
#
# $$y_j = \max_{i \in \text{window } j} x_i \qquad \iota_j = \operatorname{argmax}_{i \in \text{window } j} x_i$$
#
# $$u_{\iota_j} = y_j, \quad \text{all other } u_i = 0 \qquad\quad \iota = \text{row} \times \text{width} + \text{column}$$
#
# > **Predict first.** Write down the four indices of our table, and then the unpooled table.

# %% tags=["nbval-check-output"]
print("saved indices\n", indices)
print("max-unpooling\n", ops.max_unpool2d(largest, indices, output_size=(4, 4)))

# %% [markdown]
# All of it is one assignment:

# %%
def unpool(values, indices, size):
    output = np.zeros(size)
    output.ravel()[indices] = values
    return output

# %% tags=["nbval-check-output"]
ours = ops.max_unpool2d(largest, indices, (4, 4))
values, saved = F.max_pool2d(torch.Tensor(x)[None, None], 2, return_indices=True)
torchs = F.max_unpool2d(values, saved, 2, output_size=(4, 4))[0, 0].numpy()
for name, result in {"segviz": ours, "torch": torchs}.items():
    print(f"as {name}:", np.array_equal(unpool(largest, indices, (4, 4)), result))

# %% [markdown]
# ## 4. Watch it
#
# First every window goes down, then every number goes up. *Play*, or step with the arrow keys of the slider. The small figures in the corners are the indices; the numbers of the input can be changed. The picture below goes the same way as the table.
#
# > **Predict first.** Choose *bed of nails*, then *nearest*, under *up*. In which of the three can you recognise the picture best? Which of them has the most numbers where they stood?

# %%
cat = datasets.picture("chelsea", size=(80, 80)).mean(0).numpy()
widgets.Unpooling2D(x, cat)

# %% [markdown]
# Try this, in this order:
#
# 1. Set *up* back to *max-unpooling*. Change a number so that the largest of its window stands somewhere else. What changes in *pooled*, and what in *saved index*?
# 2. Choose *average pooling* under *down*. Why is max-unpooling refused? Then set *down* back to *max-pooling*.
# 3. Set the rows and columns to 5. What happens to the last row? Then switch **ceil_mode** on.
# 4. With 5 x 5 and ceil_mode on, set *output_size* to *left out*. Follow one number by its index. What has become of the picture? (Section 5 says why.)
# 5. Back to *kept*. Choose *indices of another picture*, then *of the next layer*. Which of the two mistakes would you notice in a picture? (Section 9.)

# %% [markdown]
# *Which of them has the most numbers where they stood?* Read the count beside the picture for each of the three: **nearest**, if only just. It writes a number to all four places of its block, so the right one is always among them, and here and there a neighbour had the same grey. But it can't say *which* of the four it was. Max-unpooling can: whatever it writes is in place.

# %% [markdown]
# ## 5. Why max-unpooling needs `output_size`
#
# *Why do I need output_size in max-unpooling?* Because **two sizes pool to the same**, and an index means another place in a table of another width. Here are two tables, 4 x 4 and 5 x 5. The fifth row and column are a rest that no window reads.
#
# > **Predict first.** Both leave the same 2 x 2 maxima. Do they also save the same indices?

# %% tags=["nbval-check-output"]
larger = np.array([[1, 3, 2, 0, 6],
                   [4, 2, 2, 5, 8],
                   [0, 1, 7, 7, 3],
                   [1, 0, 7, 7, 9],
                   [2, 5, 6, 4, 1]])
for table in (x, larger):
    values, saved = ops.max_pool2d(table, 2)
    print(f"{table.shape}: maxima {values.ravel()}, indices {saved.ravel()}")

# %% [markdown]
# The maxima are the same, the indices are not: row 1, column 0 is index 1 x 4 + 0 = 4 in the small table and 1 x 5 + 0 = 5 in the large one. Whoever unpools sees 2 x 2 values and 2 x 2 indices, and can't tell which of the two sizes it was. PyTorch then **guesses** the size of which nothing was left over: $(m - 1)\,s + k$, here 4 x 4.
#
# > **Predict first.** Where does `MaxUnpool2d` put the 4 of the 5 x 5 table if you do not tell it the size? Will it complain?

# %% tags=["nbval-check-output"]
pool, up = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)
values, saved = pool(torch.Tensor(larger)[None, None])
print("without output_size\n", up(values, saved)[0, 0].int().numpy())
told = up(values, saved, output_size=(5, 5))
print("with output_size=(5, 5)\n", told[0, 0].int().numpy())

# %% [markdown]
# No complaint, and all four numbers are in the wrong place: index 5 is row 1, column **1** of a table with 4 columns. It complains only where an index is too large for the smaller table, which depends on the numbers. `segviz.ops` checks each index against its window:

# %% tags=["nbval-check-output"]
try:
    ops.max_unpool2d(*ops.max_pool2d(larger, 2), kernel_size=2)
except ValueError as error:
    print(error)

# %% [markdown]
# On a picture the mistake is hard to miss. In each row the numbers are off by one place more than in the row before: the picture is sheared.

# %%
odd = datasets.picture("camera", size=(95, 95)).mean(0)[None, None]
values, saved = F.max_pool2d(odd, 2, ceil_mode=True, return_indices=True)
kept = F.max_unpool2d(values, saved, 2, output_size=odd.shape[2:])
left_out = F.max_unpool2d(values, saved, 2)
plot.show(plot.pictures(odd[0, 0], kept[0, 0], left_out[0, 0],
                        titles=["95 x 95 pixels", "output_size=(95, 95)", "left out: 96 x 96"]),
          alt="A photographer; the same in separate dots; and sheared to a diagonal band")

# %% [markdown]
# Number by number, in ceil mode: step through the way up, and read where each index comes to lie. Then set *output_size* to *kept*.

# %%
widgets.Unpooling2D(larger, ceil_mode=True, output_size="left out")

# %% [markdown]
# So **keep the size beside the indices**, for each pooling. It costs two numbers.

# %% [markdown]
# ### Floor, ceil, and a stack of poolings
#
# What pooling does with an odd rest is a choice. *Floor*, PyTorch's default, drops it. *Ceil* (`ceil_mode=True`, and always in Caffe, with which SegNet was made) keeps a last window that juts out.
#
# > **Predict first.** Which two sizes pool to 2 in floor mode? And in ceil mode?

# %% tags=["nbval-check-output"]
for ceil_mode in (False, True):
    pooled = {n: ops.pool_output_size(n, 2, ceil_mode=ceil_mode) for n in range(2, 8)}
    print("ceil: " if ceil_mode else "floor:", *(f" {n} -> {m}" for n, m in pooled.items()))

# %% [markdown]
# Two sizes for each result, in both modes. And a picture need not be odd itself. SegNet, which we meet in section 10, reads pictures of 360 rows. They divide by 2, and by 4, and by 8. But networks pool five times:

# %% tags=["nbval-check-output"]
def stack(n, poolings=5, ceil_mode=True):
    sizes = [n]
    for _ in range(poolings):
        sizes.append(ops.pool_output_size(sizes[-1], 2, ceil_mode=ceil_mode))
    return sizes

print("ceil: ", stack(360))
print("floor:", stack(360, ceil_mode=False))
print("no rest at all:", [n for n in range(300, 400) if stack(n)[-1] * 32 == n])

# %% [markdown]
# Up to 45 all is even. Then 45 becomes 23 or 22, and the way back makes 46 or 44 of it unless it is told. Only multiples of 32 have no rest in five poolings.

# %% [markdown]
# ## 6. Ties
#
# > **Predict first.** In the bottom right window of our first table, 7 stands four times. Which index is saved? And what are the indices of a table that is 0 everywhere, as maps are in many places after a ReLU?

# %% tags=["nbval-check-output"]
_, flat = ops.max_pool2d(np.zeros((4, 4)), 2)
_, theirs = F.max_pool2d(torch.zeros(1, 1, 4, 4), 2, return_indices=True)
print("our table:    ", indices.ravel())
print("zeros, segviz:", flat.ravel())
print("zeros, torch: ", theirs.flatten().numpy())

# %% [markdown]
# The first one counts, row by row. This is a rule, not a law of nature: whoever writes max-pooling must choose, and your results depend on the choice wherever maps are flat. Without anything to choose from, max-unpooling is a bed of nails.

# %% [markdown]
# ## 7. Up is the gradient of down
#
# In training, the gradient comes back through each layer. Through a pooling it has to go from 2 x 2 to 4 x 4 numbers: up.
#
# > **Predict first.** If a maximum changes, only one number of its window is to blame. Where does the gradient of max-pooling go? Where does that of average pooling go, and that of 'every second row and column'?

# %% tags=["nbval-check-output"]
g = np.array([[10.0, 20.0], [30.0, 40.0]])  # the gradient that arrives

def check(name, down, up):
    table = torch.tensor(x[None, None], dtype=torch.float64).requires_grad_()
    gradient, = torch.autograd.grad(down(table), table, torch.tensor(g)[None, None])
    print(f"{name:13}", np.array_equal(gradient[0, 0].numpy(), up))

check("max:", lambda t: F.max_pool2d(t, 2), ops.max_unpool2d(g, indices, (4, 4)))
check("average:", lambda t: F.avg_pool2d(t, 2), ops.upsample_nearest(g, 2) / 4)
check("every second:", lambda t: t[..., ::2, ::2], ops.bed_of_nails(g, 2))

# %% [markdown]
# | down | its gradient, which goes up |
# |---|---|
# | max-pooling | max-unpooling with the saved indices |
# | average pooling | nearest, divided by 4 |
# | every second row and column | bed of nails |
# | strided convolution | transposed convolution: [lecture 06](06_transposed_convolution.ipynb) |
#
# So each way down has one way up that belongs to it, and PyTorch has always saved the indices of your max-poolings: it needs them for the gradient.

# %% [markdown]
# ## 8. Experiment: what comes back?
#
# We take a photograph down and up again, and count two things: how many pixels are back where they stood with the value that they had, and how far the others are off.
#
# > **Predict first.** Max-unpooling is the only one that knows the places. Will it have the most pixels back in place? And the smallest difference to the picture?

# %% tags=["nbval-check-output"]
photo = datasets.picture("chelsea", size=(96, 96)).mean(0).numpy()
values, saved = ops.max_pool2d(photo, 2)
came_back = {"max-unpooling": ops.max_unpool2d(values, saved, photo.shape),
             "bed of nails": ops.bed_of_nails(values, 2),
             "nearest": ops.upsample_nearest(values, 2),
             "bilinear": ops.upsample_bilinear(values, 2)}
for name, picture in came_back.items():
    in_place, off = np.mean(picture == photo), 255 * np.abs(picture - photo).mean()
    print(f"{name:14} {in_place:5.1%} in place, mean difference {off:4.1f} of 255")

# %%
plot.show(plot.pictures(photo, *came_back.values(), titles=["picture", *came_back]),
          alt="A cat's face; as separate dots, twice; in blocks; and smoothly enlarged")

# %% [markdown]
# Neither: nearest has the right place among its four, and is nearly right at the other three. If you want a picture to look at, do not use max-unpooling: three quarters of it are black. It was made for something else. In a network, maps are not pictures. They say 'here is an edge', and the convolutions that follow can fill gaps, but they can't know where the edge was. So let us take a map of edges down by 4 and up again, and ask of the pixels that are lit afterwards: how many of them lie on an edge, and how many of the edges are found?

# %%
sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
wider = datasets.picture("chelsea", size=(98, 98)).mean(0).numpy()
edges = np.abs(ops.conv2d(wider, sobel))  # 96 x 96
strong = np.quantile(edges, 0.9)  # the strongest tenth

def found(name, result):
    lit, edge = result > strong, edges > strong
    right, complete = edge[lit].mean(), lit[edge].mean()
    print(f"{name:29}{right:5.0%} of the lit are on an edge,{complete:5.0%} of the edges are lit")

# %% [markdown]
# > **Predict first.** Two poolings down, two unpoolings up. Which way up never lights a pixel beside an edge? Which one finds all edges?

# %% tags=["nbval-check-output"]
half, first = ops.max_pool2d(edges, 2)
quarter, second = ops.max_pool2d(half, 2)
half_back = ops.max_unpool2d(quarter, second, half.shape)
back = ops.max_unpool2d(half_back, first, edges.shape)
found("max-unpooling", back)
found("bed of nails", ops.bed_of_nails(quarter, 4))
found("nearest", ops.upsample_nearest(quarter, 4))

# %%
shown = [edges, back, ops.bed_of_nails(quarter, 4), ops.upsample_nearest(quarter, 4)]
plot.show(plot.pictures(*(one > strong for one in shown),
                        titles=["strong edges", "max-unpooling", "bed of nails", "nearest"]),
          alt="Thin edges of a cat; single dots on them; a grid of dots; thick blocks over them")

# %% [markdown]
# Max-unpooling is **never wrong and mostly silent**. Nearest finds everything and smears it over blocks of 4 x 4. Bed of nails is silent *and* wrong. What a network makes of each of them depends on the convolutions behind it, so it must be measured, not argued.

# %% [markdown]
# ## 9. Wrong indices
#
# Two mistakes that happen: taking the indices of **another picture** (a batch in another order, indices saved once and used again), and taking the indices of **another layer**. Here the next layer is a 3x3 max-pooling with stride 1. It leaves the size as it is, so its indices have the right shape. But they count in a smaller map.
#
# > **Predict first.** Which of the two destroys the picture, and which one can hardly be seen?

# %%
values, own = ops.max_pool2d(photo, 2)
coffee = datasets.picture("coffee", size=(96, 96)).mean(0).numpy()
_, of_other = ops.max_pool2d(coffee, 2)
_, of_next = ops.max_pool2d(values, 3, stride=1, padding=1)
by = {"its own indices": own, "another picture's": of_other, "the next layer's": of_next}
results = [ops.max_unpool2d(values, some, photo.shape) for some in by.values()]
plot.show(plot.pictures(photo, *results, titles=["picture", *by]),
          alt="A cat; twice the cat in dots, much alike; and squeezed remains of it at the top")

# %% [markdown]
# Wrong indices of the right width move each number by one pixel at most: it stays in its window. **They hardly look wrong.** (Look closely, and you may find the cup of coffee that the indices come from.) But what max-unpooling was there for is gone:

# %% tags=["nbval-check-output"]
found("once down, its own indices", ops.max_unpool2d(half, first, edges.shape))
found("once down, another picture's", ops.max_unpool2d(half, of_other, edges.shape))
found("once down, bed of nails", ops.bed_of_nails(half, 2))

# %% [markdown]
# With the indices of another picture it is no better than a bed of nails, which needs no indices at all.

# %% [markdown]
# ## 10. Pairs of layers
#
# From this follow the two rules of every network with max-unpooling: **there are corresponding pairs of layers, one max-pooling for each max-unpooling**, and **the indices of the pooling must be saved somewhere**. The last pooling belongs to the first unpooling. That is a pile: what was put on it last comes off first.

# %%
def down_up(x, encoder, decoder, up):
    pile = []
    for layer in encoder:
        x = F.relu(layer(x))
        size = x.shape[2:]
        x, indices = F.max_pool2d(x, 2, ceil_mode=True, return_indices=True)
        pile.append((indices, size))
    for layer in decoder:
        x = layer(up(F.relu(x), *pile.pop()))
    return x

# %% [markdown]
# > **Predict first.** We give it pictures of 45 x 61 pixels, odd on both sides, and odd again after one pooling. What comes out?

# %%
def max_unpooling(x, indices, size):
    return F.max_unpool2d(x, indices, 2, output_size=size)

def convolutions(inputs, width, outputs):
    return nn.ModuleList([nn.Conv2d(inputs, width, 5, padding=2),
                          nn.Conv2d(width, outputs, 5, padding=2)])

# %% tags=["nbval-check-output"]
network = convolutions(1, 16, 16), convolutions(16, 16, 1), max_unpooling
for height, width in [(64, 64), (45, 61), (7, 5)]:
    output = down_up(torch.zeros(1, 1, height, width), *network)
    print(f"{height} x {width} -> {output.shape[2]} x {output.shape[3]}")

# %% [markdown]
# The same size, whatever it was. Now the network that made max-unpooling known: **SegNet** (Badrinarayanan, Kendall, Cipolla 2017). Its encoder is that of VGG-16: 13 convolutions, 5 poolings. Its decoder is the mirror image. We ask the network itself for its sizes and channels:

# %% tags=["nbval-check-output"]
with torch.device("meta"):  # the shapes only: nothing is computed
    segnet = models.create("segnet")
maps, sizes, pooled = torch.zeros(1, 3, 360, 480, device="meta"), [(360, 480)], []
for stage in segnet.encoder:
    maps, indices = segnet.pool(stage(maps))
    pooled.append(tuple(indices.shape[1:]))
    sizes.append(tuple(maps.shape[2:]))
print(" -> ".join(f"{rows}x{columns}" for rows, columns in sizes))

# %%
def channels(stage):
    return [layer.out_channels for layer in stage.modules() if isinstance(layer, nn.Conv2d)]

down, back_up = map(channels, segnet.encoder), map(channels, reversed(segnet.decoder))
plot.show(plot.pooling_pairs(sizes, list(down), list(back_up)),
          alt="SegNet: five stages down on the left, five up on the right; each pooling hands "
              "its indices and its size to the unpooling at its height")

# %% [markdown]
# Read it from the inside: 12 x 15 goes up to **23** x 30, not to 24 x 30, because the size is passed. Then to **45** x 60, not to 46 x 60. And where the channels become fewer, it is the *last* convolution of a stage that reduces them, so that the map has as many channels as the indices that come next: there is one index for each value in each channel.
#
# > **Predict first.** What does it cost to keep the indices of one picture of 360 x 480, compared with keeping the maps before each pooling, as networks with skips do?

# %% tags=["nbval-check-output"]
windows = sum(c * rows * columns for c, rows, columns in pooled)
kept = sum(c[0] * rows * columns for c, (rows, columns) in zip(pooled, sizes[:-1], strict=True))
print(f"{windows:,} windows, one index each")
print(f"indices as torch keeps them (8 bytes):      {8 * windows / 2**20:5.1f} MiB")
print(f"indices as places in a 2x2 window (2 bits): {windows / 4 / 2**20:5.1f} MiB")
print(f"the maps before the poolings (4 bytes):     {4 * kept / 2**20:5.1f} MiB")

# %% [markdown]
# Two bits say which of four pixels it was. Little memory is what the authors of SegNet chose indices for. PyTorch spends 64 bits on each, and so saves only half of what the maps would take.

# %% [markdown]
# ## 11. SegNet, trained: are the indices worth it?
#
# What a way up is worth must be measured (section 8). So here are four small SegNets. Encoder, decoder, pictures and number of steps are the same; only the way up differs:
#
# - **indices**: max-unpooling, as in the paper;
# - **bilinear**: interpolation, which remembers nothing;
# - **transposed**: a transposed convolution with weights to learn (lecture 06);
# - **skips**: bilinear, and the maps before each pooling are added to those on the way up: everything is remembered.
#
# Two scores: mIoU asks for the right regions; boundary F1 asks how many of the boundaries are within 2 pixels of their true place.
#
# > **Predict first.** Order the four by mIoU. Then by boundary F1. Where should it show that the indices know the place?

# %%
ways = ("indices", "bilinear", "transposed", "skips")
print("             mIoU              boundary F1      (mean +- standard deviation)")
for way in ways:
    card = training.load_card(f"camvid_{way}")
    iou, f1 = card.scores["mean_iou"], card.scores["boundary_f1"]
    print(f"{way:11}  {iou.mean:.3f} +- {iou.spread:.3f}   {f1.mean:.3f} +- {f1.spread:.3f}")
height, width = card.picture_size
print(f"\n{len(card.seeds)} seeds, {card.train} training and {card.test} test pictures of {height} x {width} pixels,")
print(f"{card.steps} steps, {card.date}, {card.device}", *card.citation.split("; "), sep="\n")

# %% [markdown]
# This table is of the real street scenes of CamVid, as measured by the course's own training (`segviz train camvid_decoders`), whatever pictures the other cells of this page run on. The same four on one test picture:

# %%
streets = datasets.load("camvid", split="test", size=(128, 160))
street = streets[34]
small = {way: training.load_checkpoint(f"camvid_{way}", source=streets.source).model for way in ways}
with torch.no_grad():
    answers = {way: network(street.image[None])[0].argmax(0) for way, network in small.items()}
plot.show(plot.class_maps(street.image, {**answers, "truth": street.mask}, streets.classes,
                          title="street", columns=3),
          alt="A street, its class maps by indices, bilinear, transposed convolution and skips, "
              "and the truth")

# %% [markdown]
# Honestly:
#
# - **Regions: no win for the indices.** Their mIoU is not above that of bilinear interpolation; the two are about as far apart as another seed would move them.
# - **Boundaries: a small win.** The indices are ahead of bilinear by more than twice the spread. Max-unpooling puts its numbers where the edges were.
# - **The transposed convolution is last** in both. It has to learn what the others are given, and 120 steps are few.
# - **Skips are first** in both, and by far. An index is two bits of what a skip carries.
#
# The paper says so, too: stored in full, the encoder's maps give the best results; the indices are for those who have not the memory. And be careful with these scores: the networks are small, begin from random weights and stop early. They show an order, not how good a SegNet can get.
#
# > **Predict first.** The indices save memory. In training, too?

# %% tags=["nbval-check-output"]
for way, network in small.items():
    bill = segviz.cost(network, (3, 128, 160))
    print(f"{way:11} {bill.parameters:,} weights, {bill.multiply_adds / 1e6:.0f} million multiply-adds, "
          f"{bill.kept_bytes / 2**20:.1f} MiB kept for the gradient")

# %% [markdown]
# No. For the gradient all maps are kept anyway, with indices and with skips. The saving counts when the trained network *runs*: then maps can be forgotten as soon as they are used, except those that a skip still waits for. For the SegNet of section 10 those are 80.4 MiB, against 1.3 for indices of two bits.

# %% [markdown]
# ## 12. Four things that are often believed
#
# **'Max-unpooling undoes max-pooling.'** It brings a quarter of the numbers back. But pooling undoes the *unpooling*, as long as no number is negative. With negative ones the zeros around them win:

# %% tags=["nbval-check-output"]
for name, some in {"our table": x, "our table minus 5": x - 5}.items():
    values, saved = ops.max_pool2d(some, 2)
    again, _ = ops.max_pool2d(ops.max_unpool2d(values, saved, some.shape), 2)
    print(f"{name}: {values.ravel()} -> unpooled and pooled again -> {again.ravel()}")

# %% [markdown]
# **'The indices are learned.'** They have no weights and no gradient of their own. They are found anew for each picture, in each channel:

# %% tags=["nbval-check-output"]
weights = [*segnet.pool.parameters(), *segnet.unpool.parameters()]
print("weights of SegNet's pooling and unpooling:", len(weights))
_, of_negative = ops.max_pool2d(-photo, 2)
differ = np.mean(of_negative != own)
print(f"a picture and its negative have different indices in {differ:.0%} of the windows")

# %% [markdown]
# **'Taking the wrong pair would crash.'** The wrong *stage* does, because the shapes differ. The wrong *picture of the batch* does not:

# %% tags=["nbval-check-output"]
batch = torch.Tensor(np.stack([photo, coffee]))[:, None]
values, saved = pool(batch)
deeper, _ = pool(values)
wrong = {"stage": (deeper, saved), "picture": (values, saved.flip(0))}
for name, (given, some) in wrong.items():
    try:
        print(f"wrong {name}: no error, output {tuple(up(given, some).shape)}")
    except RuntimeError:
        print(f"wrong {name}: refused, values {tuple(given.shape)}, indices {tuple(some.shape)}")

# %% [markdown]
# **'My pictures have an even size, so I need no output_size.'** 360 is even. Section 5 counted the sizes on the way down: 45 and 23 are not. Without sizes, the way up from 12 ends elsewhere:

# %% tags=["nbval-check-output"]
def way_up(m, poolings=5):
    sizes = [m]
    for _ in range(poolings):
        sizes.append((sizes[-1] - 1) * 2 + 2)  # torch's guess, (m - 1) s + k
    return sizes

print("down:", stack(360))
print("up:  ", way_up(stack(360)[-1]))

# %% [markdown]
# ## 13. Guidelines
#
# | guideline | why, in numbers |
# |---|---|
# | Downsampling is pooling (max, average, ...) or a strided convolution; upsampling is unpooling or a transposed convolution (lecture 06). | Three of three: each way down has one way up that equals its gradient, number by number (section 7). |
# | There should be corresponding pairs of layers, one max-pooling for each max-unpooling. | With indices of another picture, every second lit pixel is beside an edge: no better than a bed of nails (section 9). |
# | Save the indices used in the pooling somewhere, and the size beside them. | Without the size all four numbers of a 5 x 5 table went to a wrong place, without an error (section 5). |
# | Make the sides of your pictures multiples of 2 to the number of poolings, or pass the size at each unpooling. | 360 rows end at 384 otherwise; for five poolings only multiples of 32 have no rest (sections 5 and 12). |
# | Put convolutions behind an unpooling. | Three quarters of the map are zeros after one unpooling; of the strong edges about a fifth is lit after two (section 8). |
# | Use indices where memory is scarce. | 2 bits for each window instead of its four numbers: 1.3 MiB instead of 80.4 MiB for SegNet (section 10). |
# | Where there is memory, take skips; expect sharper boundaries from indices, not better regions. | On CamVid, mIoU 0.184 with indices, 0.197 bilinear, 0.244 with skips; boundary F1 0.167, 0.139, 0.225 (section 11). |

# %% [markdown]
# ## 14. Further reading
#
# - V. Badrinarayanan, A. Kendall, R. Cipolla: *SegNet: a deep convolutional encoder-decoder architecture for image segmentation*, PAMI 2017. The network of section 10; its section 3 compares decoders.
# - H. Noh, S. Hong, B. Han: *Learning deconvolution network for semantic segmentation*, ICCV 2015. Max-unpooling and transposed convolutions in turn.
# - M. Zeiler, R. Fergus: *Visualizing and understanding convolutional networks*, ECCV 2014. Where the saved places, called *switches* there, were used to look into a network.
# - J. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller: *Striving for simplicity: the all convolutional net*, 2015. Strided convolutions in place of pooling.

# %% [markdown]
# ## 15. Train it yourself
#
# The little network of section 10, three times, with three ways up: the same weights to begin with, the same crops, the same number of steps. It learns to find membranes, as in lecture 03, from one section.

# %%
def nearest(x, indices, size):
    return F.interpolate(x, size=size)

def bed_of_nails(x, indices, size):
    output = x.new_zeros(*x.shape[:2], *size)
    output[..., ::2, ::2] = x
    return output

# %%
class DownUp(nn.Module):
    def __init__(self, up, width=16):
        super().__init__()
        self.encoder, self.decoder = convolutions(1, width, width), convolutions(width, width, 1)
        self.up = up

    def forward(self, image):
        return down_up(image - 0.5, self.encoder, self.decoder, self.up)

# %%
learn, test = (datasets.load("em_vnc", split=split)[0] for split in ("train", "test"))

def crops(generator, size=64):
    corners = torch.randint(0, 512 - size, (8, 2), generator=generator).tolist()
    parts = [(slice(r, r + size), slice(c, c + size)) for r, c in corners]
    return (torch.stack([learn.image[:1, *part] for part in parts]),
            torch.stack([(learn.mask[part] == 1).float()[None] for part in parts]))

# %%
def intersection_over_union(model):
    truth = test.mask[:512, :512] == 1
    with torch.no_grad():
        answer = model(test.image[None, :1, :512, :512])[0, 0] > 0
    return (answer & truth).sum() / (answer | truth).sum()

# %% [markdown]
# > **Predict first.** Which way up will find the membranes best after 400 steps? Think of what section 8 said about filling gaps.
#
# Off by default. Set `TRAIN = True` and run the cell: some seconds for each way on a laptop, and on the GPU if there is one. Then try more steps, and a larger width.

# %%
TRAIN = False
if TRAIN:
    for way in (max_unpooling, bed_of_nails, nearest):
        torch.manual_seed(0)
        model = DownUp(way)
        training.fit(model, crops, F.binary_cross_entropy_with_logits, steps=400,
                     learning_rate=0.005, schedule="one_cycle")
        print(f"{way.__name__}: IoU {intersection_over_union(model.cpu()):.3f}")

# %% [markdown]
# With this seed *nearest* comes first: 0.51, before max-unpooling with 0.49 and bed of nails with 0.46, on drawn pictures; 0.55, 0.51 and 0.53 on the real ones. One run is one throw of the dice: change the seed before you believe a difference.
#
# **Exercises:** [05 Unpooling](exercises/05_unpooling.ipynb): write max-pooling that saves its indices and max-unpooling that needs them, and have them checked.
#
# **Next:** [06 Transposed convolution](06_transposed_convolution.ipynb): the way up that belongs to the strided convolution, and that can learn.
