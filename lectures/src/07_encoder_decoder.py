# %% [markdown]
# # 07 Encoder and decoder
#
# After this lecture you can
#
# - **compute** the size of every map in U-Net, and say where a picture that does not fit gets stuck, and which sizes near it do fit;
# - **segment** a picture of any size tile by tile, and **check** that the answer is the same as in one piece;
# - **explain** what the skips of U-Net carry, **measure** what is lost without them, and **write** the Dice loss of V-Net and **see** what it is good for.
#
# *How to use this page:* run the cells from top to bottom (Shift+Enter). Stop at each **Predict first** and write your answer down before you go on.

# %%
import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import segviz
from segviz import datasets, losses, metrics, models, ops, plot, postprocessing, training, widgets
from segviz.training.hippo_vnet import boxed

# %% [markdown]
# ## 1. Down, up, and across
#
# Lecture 04 went down to small maps and came back up. Going down, a network learns **what** is there: each pooling lets the next layer see twice as far. But it forgets **where**. Coming up brings back the size, not the detail.
#
# **U-Net** (Ronneberger, Fischer, Brox, 2015) is built of three parts:
#
# - an **encoder**: two 3x3 convolutions with ReLU, then 2x2 max-pooling, four times. Each level has half the rows and twice the channels;
# - a **decoder**: a 2x2 up-convolution with stride 2 (lecture 06), then two 3x3 convolutions, four times;
# - **shortcuts**, or *skips*: at each level the map of the way down is laid beside the map that came up. The two are **concatenated**: their channels are stacked.
#
# FCN (lecture 04) also has skips. It adds *scores*, a few numbers at each pixel. U-Net hands over whole *maps*, up to 512 channels of them, and lets the convolutions behind decide what to use.
#
# In code the U is a level that contains the level below it:

# %%
def two_convolutions(channels, width):
    return nn.Sequential(nn.Conv2d(channels, width, 3), nn.ReLU(), nn.Conv2d(width, width, 3), nn.ReLU())

def middle(maps, size):
    cut = (maps.shape[-1] - size) // 2
    return maps[..., cut:cut + size, cut:cut + size]

# %%
class Level(nn.Module):
    def __init__(self, channels, width, depth):
        super().__init__()
        self.left, self.below = two_convolutions(channels, width), None
        if depth:
            self.below = Level(width, 2 * width, depth - 1)
            self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
            self.right = two_convolutions(2 * width, width)

# %%
def forward(self, maps):
    maps = self.left(maps)
    if self.below is None:
        return maps
    up = self.up(self.below(F.max_pool2d(maps, 2)))
    return self.right(torch.cat([up, middle(maps, up.shape[-1])], 1))

Level.forward = forward

# %% [markdown]
# > **Predict first.** The paper's U-Net has 64 channels at the top and halves four times. How many weights is that: 3, 30 or 300 million? And a picture of 572 x 572 pixels goes in: how large are the scores?

# %% tags=["nbval-check-output"]
with torch.device("meta"):  # sizes only: nothing is computed, no memory is taken
    ours = nn.Sequential(Level(1, 64, 4), nn.Conv2d(64, 2, 1))
    paper = models.UNet()
    for network in (ours, paper):
        count = sum(weight.numel() for weight in network.parameters())
        print(f"{count:,} weights, scores", tuple(network(torch.zeros(1, 1, 572, 572)).shape))

# %% [markdown]
# The same network as the library's, written twice. The odd thing is the output: 572 in, **388** out.
#
# ## 2. Why 572 gives 388
#
# No convolution is padded. A 3x3 convolution has no full window at the border, so each takes one pixel off every side. Two of them take 4 rows. That sounds harmless. But on the second level a row stands for 2 rows of the picture, on the third for 4, and at the bottom for 16:
#
# $$572 - 4 \cdot (1 + 2 + 4 + 8) - 4 \cdot 16 - 4 \cdot (8 + 4 + 2 + 1) = 572 - 184 = 388$$
#
# Follow it layer by layer: press *Play*, use the arrow keys of the right slider, or press a map. The dotted frames show what a skip keeps.
#
# > **Predict first.** Type 570 as the size. Which layer is the first that gets stuck, and why?

# %%
widgets.EncoderDecoder()

# %% [markdown]
# Try this:
#
# 1. Type 570, then press one of the buttons. How far apart are two sizes that fit?
# 2. What is the smallest picture that fits? How large is its answer?
# 3. Type 572 again. Set the depth to 2, then to 5. What happens to the rows that are lost?
# 4. Set the depth back to 4 and tick *padded*. Which sizes fit now? Nothing is cropped any more: what do the convolutions at the border see instead of the picture?
#
# (1: 16. 2: 188, and its answer is 4 x 4. 3: 184 rows are lost at depth 4, 40 at depth 2, 376 at depth 5. 4: multiples of 16, and zeros.)
#
# The same as a function. At each pooling the map must be even. If it is not, the last row would be dropped, and on the way up the two maps would not lie on top of each other.

# %%
def u_net_size(n, depth=4):
    for level in range(depth):
        n = n - 4
        if n % 2:
            return f"stuck on level {level + 1}: {n} rows"
        n = n // 2
    n = n - 4
    for _ in range(depth):
        n = 2 * n - 4
    return n

# %% tags=["nbval-check-output"]
for n in (572, 570, 571, 568, 556, 188):
    print(n, "->", u_net_size(n))
print("fit, of 180 to 260:", [n for n in range(180, 260) if ops.unet_sizes(n).output_size > 0])

# %% [markdown]
# The library's network refuses in words:

# %% tags=["nbval-check-output"]
try:
    paper(torch.zeros(1, 1, 570, 572, device="meta"))
except ValueError as error:
    print(error)

# %% [markdown]
# ## 3. Pictures of any size: overlap and tile
#
# The answer is 92 pixels smaller on each side. Two problems follow: the border of the picture gets no answer, and a large picture may not fit into memory. U-Net's paper solves both at once. **Mirror** the picture at its border, cut it into **tiles that overlap**, and keep of each tile the middle, where the network has seen all that it needs.

# %%
sections = datasets.load("em_isbi2012", split="test")
image, truth = sections[0].image[:, :496, :496], sections[0].mask[:496, :496]
plot.show(plot.overlap_tile(image[0], tile_size=384, margin=94),
          alt="A section with its mirrored rim in grey; frames show four tiles, and all that the network needs for the first")

# %% [markdown]
# There is a catch, and the figure has taken care of it. The poolings of two tiles must fall on the same rows, so from tile to tile we must go a multiple of 16 rows. The 388 of U-Net are none: 388 = 24 * 16 + 4. So we keep 384 of them, and the margin is 94.
#
# > **Predict first.** A U-Net with random weights, once on the whole mirrored picture, once tile by tile. How large is the largest difference: as large as the scores, 1 %, or nothing but rounding? And with tiles of 388?

# %%
torch.manual_seed(0)
small = models.UNet(width=4).eval()

def keep_384(tile):
    return small(tile)[..., 2:-2, 2:-2]

with torch.no_grad():
    whole = keep_384(F.pad(image[None], [94] * 4, mode="reflect"))
    # The same with the margin of the other tiles; four rows more behind, so that the size fits.
    whole_388 = small(F.pad(image[None], [92, 96, 92, 96], mode="reflect"))[..., :496, :496]

# %%
right = postprocessing.overlap_tile(keep_384, image[None], tile_size=384, margin=94)
wrong = postprocessing.overlap_tile(small, image[None], tile_size=388, margin=92)
first = (..., slice(388), slice(388))
for name, tiled, once in [("384 of 388 kept", right, whole), ("all 388 kept", wrong, whole_388),
                          ("its first tile", wrong[first], whole_388[first])]:
    difference = (tiled - once).abs().max() / once.abs().max()
    print(f"{name:15}: largest difference {difference:.0e} of the largest score")
assert (right - whole).abs().max() <= 1e-5 * whole.abs().max()

# %% [markdown]
# Nothing but rounding for the first: tile by tile **is** the whole picture, with the memory of one tile. With the second only the first tile is. From the next one on the third and the fourth pooling, of strides 8 and 16, fall on other rows: 388 is a multiple of 4, and of no more.
#
# ## 4. The experiment: skips on and off
#
# Two small networks, trained alike on sections of nerve tissue: 16 channels at the top, three poolings, padded, with batch norm (which brings each channel of a batch to mean 0 and variance 1). One has its skips. In the other the skips are left out, and nothing else is changed.
#
# > **Predict first.** Membranes are a few pixels wide, and below three poolings one number stands for 8 x 8 pixels. What will the network without skips get wrong: the place of the cells, or the course of thin membranes?

# %%
names = {"with skips": "em_unet", "without skips": "em_unet_without_skips"}
networks = {name: training.load_checkpoint(stem, source=sections.source).model
            for name, stem in names.items()}
with torch.no_grad():
    tests = datasets.load("em_isbi2012", split="test", size=(256, 256))
    found = {name: network(tests[0].image[None]).argmax(1)[0] for name, network in networks.items()}
plot.show(plot.pictures(tests[0].image[0], tests[0].mask, *found.values(), titles=["section", "truth", *found]),
          alt="A section, its true membranes, and those found with and without skips")

# %%
def score(network):
    matrix = metrics.ConfusionMatrix(2)
    for sample in tests:
        with torch.no_grad():
            matrix.update(network(sample.image[None]).argmax(1)[0], sample.mask)
    return matrix

for name, network in networks.items():
    print(f"{name:14} membrane IoU {score(network).iou[1]:.3f}, pixel error {1 - score(network).pixel_accuracy:.3f}")

# %% [markdown]
# These were the pictures on your machine. Here is what the course's own training measured on real sections:

# %%
for name, stem in names.items():
    card = training.load_card(stem)
    iou, error = card.scores["membrane_iou"], card.scores["pixel_error"]
    print(f"{name:14} membrane IoU {iou.mean:.3f} +- {iou.spread:.3f}, pixel error {error.mean:.3f} +- {error.spread:.3f}")
height, width = card.picture_size
print(f"{len(card.seeds)} seeds, {card.train} training and {card.test} test sections of {height} x {width} pixels,")
print(f"{card.steps} steps, {card.date}, {card.device}", *card.citation.split("; "), sep="\n")

# %% [markdown]
# The skips help, by several times what another seed would change. Both scores say so: without skips the wrong pixels are a quarter more, and so is what the IoU lacks. In points the pixel error moves little, for most pixels are inside a cell, where the two networks are about equally right. And it is the membranes: without skips 39 of 100 of their pixels are missed on the real test sections, with skips 27. Of the cells' pixels 6 in 100 are called membrane either way.
#
# > **Predict first.** How many of the weights are there because of the skips? And of the multiply-adds?

# %% tags=["nbval-check-output"]
bills = {name: segviz.cost(network, (1, 256, 256)) for name, network in networks.items()}
for name, bill in bills.items():
    print(f"{name:14}{bill.parameters:9,} weights {bill.multiply_adds / 1e9:6.2f} billion multiply-adds")

# %% [markdown]
# A part of the gain could come from these extra weights. But what do the skips carry? Without them, the place of every membrane has to be written into the channels of the small maps. With them, it can come straight across. We can test whether it does: move the top skip of the trained network by a few pixels, and leave what comes from below as it is.

# %%
def with_top_skip_moved(shift):
    moved = copy.deepcopy(networks["with skips"])
    moved.merge[-1].register_forward_pre_hook(  # 16 channels from below, then 16 of the skip
        lambda _, maps: torch.cat([maps[0][:, :16], maps[0][:, 16:].roll(shift, dims=3)], 1))
    return moved

for shift in (0, 1, 2, 4):
    print(f"top skip moved by {shift} pixels: membrane IoU {score(with_top_skip_moved(shift)).iou[1]:.3f}")

# %% [markdown]
# Nothing but the top skip has moved, and the score falls: this network has learned to take the place of its membranes from there.
#
# ## 5. The third dimension: V-Net
#
# A scanner gives *volumes*. **V-Net** (Milletari, Navab, Ahmadi, 2016) is a U-Net for them, with five changes:
#
# | | U-Net | V-Net |
# |---|---|---|
# | kernels | 3x3, unpadded | 5x5x5, padded: the output is as large as the input |
# | down | 2x2 max-pooling | 2x2x2 **convolution** with stride 2: weights that are learned |
# | each stage | two convolutions | one to three convolutions, and its input is **added** to their result: it learns a *residual* |
# | activation | ReLU | PReLU: the slope below zero is learned |
# | loss | weighted cross-entropy | **Dice** |
#
# > **Predict first.** A 3x3 kernel has 9 weights for each pair of channels, a 5x5x5 kernel 125. V-Net begins with 16 channels where U-Net has 64. Which of the two has more weights?

# %% tags=["nbval-check-output"]
with torch.device("meta"):
    volume = models.VNet()
    print("scores", tuple(volume(torch.zeros(1, 1, 64, 128, 128)).shape))
for name, network in [("U-Net", paper), ("V-Net", volume)]:
    print(f"{name}: {sum(weight.numel() for weight in network.parameters()):,} weights")

# %% [markdown]
# The residual, in one stage of V-Net:

# %% tags=["nbval-check-output"]
stage = models.VNet(width=4, depth=1).left[1].eval()
maps = torch.rand(1, 8, 6, 6, 6)
with torch.no_grad():
    by_hand = stage.activation(stage.layers(maps) + maps)
    print("learned + what came in:", torch.allclose(stage(maps), by_hand))

# %% [markdown]
# ## 6. Dice: a loss that does not count background
#
# The volumes here show the hippocampus, a small part of the brain, in two labels: its front (anterior) and its back (posterior). Nearly everything is background:

# %%
volumes = datasets.load("hippocampus", split="test")
masks = torch.cat([sample.mask.flatten() for sample in volumes])
for label, name in enumerate(volumes.classes):
    count = int((masks == label).sum())
    print(f"{name:11}{count:10,} voxels, {count / len(masks):6.1%}")

# %% [markdown]
# > **Predict first.** A network that answers *background* everywhere: how many voxels does it get right? What would you like a score to say of it?
#
# V-Net's loss looks only at one object. With $p$ the probability that the network gives to the object at each voxel, and $g$ 1 inside of the true object and 0 outside:
#
# $$D = \frac{2 \sum_i p_i g_i}{\sum_i p_i^2 + \sum_i g_i^2}$$
#
# $D$ is 1 if they agree, 0 if they do not meet. A voxel where both are 0 does not occur in it. The loss is $1 - D$.

# %% tags=["nbval-check-output"]
def dice(p, g):
    return 2 * (p * g).sum() / ((p ** 2).sum() + (g ** 2).sum())

scores, target = torch.zeros(1, 2, 4), torch.tensor([[0, 0, 0, 1]])
p = scores.softmax(1)[0, 1]
print("D =", round(float(dice(p, target[0])), 4), "loss =", round(float(losses.dice_loss(scores, target)), 4))

# %%
everything, g = torch.zeros(len(masks)), (masks > 0).float()
print(f"background everywhere: {(everything == g).float().mean():.1%} of the voxels right, D = {dice(everything, g):.3f}")

# %% [markdown]
# The usual loss is the **cross-entropy**: $-\log$ of the probability that the network gives to the true class, the mean over all voxels. (The probabilities come from the scores by the *softmax*, $e^{s_k} / \sum_j e^{s_j}$.)
#
# And the slope, which is what training follows? Take 1000 voxels of which 50 are object, and a network that is undecided, $p = 1/2$ everywhere. How hard does each loss pull at a voxel inside and outside of the object?

# %% tags=["nbval-check-output"]
target = torch.zeros(1, 1000, dtype=torch.int64)
target[0, :50] = 1
for name, loss in [("cross-entropy", losses.cross_entropy), ("Dice", losses.dice_loss)]:
    scores = torch.zeros(1, 2, 1000, requires_grad=True)
    slope, = torch.autograd.grad(loss(scores, target), scores)
    inside, outside = slope[0, 1, :50].sum(), slope[0, 1, 50:].sum()
    print(f"{name:13} inside {-inside:+.3f}, outside {-outside:+.3f}: outside pulls {-outside / inside:.1f} times as hard")

# %% [markdown]
# Plus means: make the object more likely. Inside, both losses pull the object up, and outside down; there is so much outside that the background wins. With cross-entropy it pulls 19 times as hard as the object, one vote for each voxel; with Dice 1.7 times. A network that can't yet tell voxels apart follows the sum of all: at first the object becomes less likely everywhere.
#
# ## 7. Look at volumes from all sides
#
# A volume has no front. Always look at cuts along all three axes: a network that works slice by slice may be right in one direction and ragged in the two others. Move the voxel with the mouse, with the arrow keys in any of the cuts, or with the sliders; *Play* goes through the slices of axis 0.
#
# > **Predict first.** In the cut across axis 0 the body is one long piece. What will it look like across the two other axes: a line, a ring, or a patch?

# %%
sample = volumes[0]
widgets.VolumeSlices(sample.image, sample.mask, classes=volumes.classes)

# %% [markdown]
# (In the drawn volume a round patch across axis 1, for this cut goes through the body, and a long piece across axis 2, for that one runs along it.)
#
# The same labels as surfaces (*marching cubes* lays triangles between inside and outside). Drag them with the mouse, use the arrow keys, or press *Play*. The small cross shows where the three axes point.

# %%
widgets.VolumeSurface(sample.mask, titles=["truth"], spacing=sample.spacing, classes=volumes.classes)

# %% [markdown]
# ## 8. The experiment: one V-Net, three losses
#
# A small V-Net: 8 channels at the top, two halvings. Unlike the paper's it has an *instance norm* behind each convolution, which brings every channel of a volume to mean 0 and variance 1, so that few steps suffice. It is trained three times, and nothing but the loss is changed:
#
# - **Dice**: $1 - D$, the mean of the two parts;
# - **plain cross-entropy**: each voxel counts alike;
# - **weighted cross-entropy**: each voxel counts 1 over the share of its class, so that each *class* counts alike.
#
# > **Predict first.** 80 steps of two volumes each, where background is more than nine voxels of ten. Which of the three finds both parts? What will plain cross-entropy have learned? And does it help to train weighted cross-entropy twice as long?
#
# This is what the course's own training measured on real volumes:

# %%
trained = {"Dice": "hippo_dice", "weighted cross-entropy": "hippo_weighted", "plain cross-entropy": "hippo_plain"}
for name, stem in {**trained, "weighted, twice as long": "hippo_weighted_longer"}.items():
    card = training.load_card(stem)
    both, first, second = (card.scores[part] for part in ("dice", *volumes.classes[1:]))
    print(f"{name:23}{card.steps:4} steps: Dice {both.mean:.3f} +- {both.spread:.3f},"
          f" anterior {first.mean:.3f}, posterior {second.mean:.3f}")
print(f"{len(card.seeds)} seeds, {card.train} training and {card.test} test volumes of {card.picture_size} voxels,")
print(f"{card.date}, {card.device}", *card.citation.split("; "), sep="\n")

# %% [markdown]
# Dice is ahead of both, by several times what another seed would change. Be careful with the last row: after twice as many steps cross-entropy has come closer. So Dice is *faster* where objects are small. Whether it is *better* in the end, this table cannot say.
#
# What do they get wrong? Count the voxels of each class in one test volume:

# %%
def answer(stem, scan):
    network = training.load_checkpoint(stem, source=volumes.source).model
    with torch.no_grad():
        return network(scan[None]).argmax(1)[0]  # in the box that it was trained with

scan, true_parts = boxed(sample.image), boxed(sample.mask)
answers = {name: answer(stem, scan) for name, stem in trained.items()}
for name, labels in {"truth": true_parts, **answers}.items():
    counts = " ".join(f"{part} {int((labels == k).sum()):6,}" for k, part in enumerate(volumes.classes))
    print(f"{name:23}{counts}, Dice", [round(float(d), 2) for d in metrics.dice(labels, true_parts, num_classes=3)[1:]])

# %% [markdown]
# Plain cross-entropy calls about as many voxels object as there are, and nearly all of them by one name: the little that tells one part from the other hardly counts among so many voxels. (Which name depends on the seed: two of three chose *anterior*, so the means in the table above are no seed's scores.) With weights both parts are there, and more than twice as large as they are: a background voxel now weighs so little that it is cheap to call it object.
#
# Look at the network that learned with Dice, below the truth. Where do they part: inside, at the rim, or where one part ends and the other begins?

# %%
widgets.VolumeSlices(scan, true_parts, answers["Dice"], titles=["truth", "Dice"], classes=volumes.classes)

# %% [markdown]
# (In the drawn volume the answer is too thick: eight of ten wrong voxels lie around the object, about half of all farther out than its rim, and they hang together with it. In the first of the real ones four of five are at the rim, and one of ten has the other part's name.)
#
# And as surfaces. Here a network cannot hide what one cut does not show: a part that is too thick, holes, a part that is not there.

# %%
widgets.VolumeSurface(true_parts, answers["Dice"], answers["weighted cross-entropy"], classes=volumes.classes,
                      titles=["truth", "Dice", "weighted cross-entropy"], spacing=sample.spacing)

# %% [markdown]
# ## 9. Five things that are often believed
#
# **'U-Net keeps the size of the picture.'** The paper's does not: 572 gives 388. The padded one that most libraries call U-Net does, and it has other sizes that fit:

# %% tags=["nbval-check-output"]
for size in (384, 388, 572):
    print(size, "unpadded:", ops.nearest_unet_sizes(size), " padded:", ops.nearest_unet_sizes(size, padded=True))

# %% [markdown]
# (One number: the size fits. Two: it does not, and these are the nearest.)
#
# **'Odd sizes are no problem, the last row does not matter.'** Pool 5 rows, bring them back up, and there are 4; every map of the way up then lies beside another place of the way down:

# %% tags=["nbval-check-output"]
rows = np.array([10, 20, 30, 40, 50])
back = ops.upsample_nearest(ops.max_pool1d(rows, 2)[0], 2)
print(rows, "->", back, f"{len(rows)} rows would have to be joined with {len(back)}")

# %% [markdown]
# **'Tiles may be as large as the output.'** Section 3: tiles of 388 differ from the whole picture by far more than rounding, tiles of 384 do not. 388 is no multiple of 16:

# %% tags=["nbval-check-output"]
outputs = [ops.unet_sizes(n).output_size for n in range(188, 1000, 16)]
print("outputs of the unpadded U-Net:", outputs[:4], "... modulo 16:", {n % 16 for n in outputs})

# %% [markdown]
# **'Padding costs nothing.'** A padded convolution sees zeros beyond the border, and what it says there depends on them. Cut a piece out of a picture, and look how far the border reaches:

# %%
with torch.no_grad():
    padded = networks["with skips"]
    all_of_it = padded(image[None, :, :256, :256])[..., 64:192, 64:192]
    piece = padded(image[None, :, 64:192, 64:192])
change = (piece - all_of_it).abs().amax(1)[0]
print(f"at the border {change[0].mean():.2f}, 16 rows further in {change[16, 16:-16].mean():.2f},"
      f" in the middle {change[60:68, 60:68].mean():.2f} (scores differ by so much)")

# %% [markdown]
# **'An empty border changes nothing.'** An instance norm takes mean and variance over the whole box. Give the same volumes a wider empty border, and the network of section 8 meets other numbers everywhere:

# %%
network = training.load_checkpoint("hippo_dice", source=volumes.source).model
for box in [(40, 56, 40), (48, 64, 48), (64, 64, 64)]:
    with torch.no_grad():
        scores = [metrics.dice(network(boxed(one.image, box)[None]).argmax(1)[0], boxed(one.mask, box), num_classes=3)
                  for one in volumes[:6]]
    print("box", box, f"Dice {torch.stack(scores)[:, 1:].nanmean():.3f}")

# %% [markdown]
# ## 10. Guidelines
#
# | guideline | why, in numbers |
# |---|---|
# | Know which sizes fit before you train. | Unpadded, depth 4: 12 more than a multiple of 16, from 188 on; padded: multiples of 16 (section 2). |
# | Large pictures: overlap and tile, mirror the border, and step by a multiple of the total stride. | Tiles of 384 differ from the whole picture by rounding, below 0.00001 of the largest score; tiles of 388 by more than half of it (section 3). |
# | Give the decoder the maps of the encoder. | Membrane IoU on real sections: 0.600 with skips, 0.502 without, spread between seeds 0.02 (section 4). |
# | Look at volumes along all three axes. | One picture cannot show a volume (section 7: a long piece in two cuts, a round patch in the third). |
# | Check with IoU or Dice where objects are thin or small. | Background everywhere is right at more than nine voxels of ten and has D = 0.000 (section 6). |
# | Where objects are small, begin with Dice, and look at each class. | After 80 steps Dice is 0.778; with weighted cross-entropy 0.553, with plain 0.301 (section 8). |
# | With an instance norm, fill volumes for the test as for the training. | The same drawn volumes in a box of 64 x 64 x 64 instead of 40 x 56 x 40: Dice 0.55 instead of 0.73 (section 9). |
# | Where one class is rare, look at the slope of the loss. | At 5 % object, the background pulls 19 times as hard as the object in cross-entropy (section 6). |
#
# ## 11. Further reading
#
# - O. Ronneberger, P. Fischer, T. Brox: *U-Net: convolutional networks for biomedical image segmentation*, MICCAI 2015. Figure 1 is the U, figure 2 the tiles.
# - F. Milletari, N. Navab, S.-A. Ahmadi: *V-Net: fully convolutional neural networks for volumetric medical image segmentation*, 3DV 2016. Dice as a loss is section 3.
# - Ö. Çiçek, A. Abdulkadir, S. Lienkamp, T. Brox, O. Ronneberger: *3D U-Net: learning dense volumetric segmentation from sparse annotation*, MICCAI 2016. The same idea for volumes, in the same year.
#
# ## 12. Train it yourself
#
# Off by default. Set `TRAIN = True` and run the cell: it trains the U-Net with its skips and without, and V-Net with its three losses, one of them also twice as long, on the GPU if there is one, and shows what they reach.

# %%
TRAIN = False
if TRAIN:
    for recipe in ("em_unet", "hippo_vnet"):
        for card in training.train(recipe, folder="my_checkpoints"):
            print(card)

# %% [markdown]
# **Exercises:** [07 Encoder and decoder](exercises/07_encoder_decoder.ipynb): write the Dice loss, the sizes that fit a U-Net and the crop of a shortcut, and have them checked.
#
# **Next:** [lecture 08, atrous convolution](08_atrous.ipynb): see far without going down at all.
