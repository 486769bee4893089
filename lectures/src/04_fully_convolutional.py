# %% [markdown]
# # 04 Fully convolutional
#
# After this lecture you can
#
# - **rewrite** a dense layer as a convolution, and a classifier of patches as a network that answers for all pixels at once, and **check** that the answers are the same;
# - **compute** what a network costs for any picture size, in multiply-adds and in memory, and say which pictures fit on a machine;
# - **explain** what each rung of FCN-32s, 16s and 8s adds, and **measure** it on regions and on boundaries.
#
# *How to use this page:* run the cells from top to bottom (Shift+Enter). Stop at each **Predict first** and write your answer down before you go on.

# %%
import time

import numpy as np
import psutil
import torch
import torch.nn.functional as F
from torch import nn

import segviz
from segviz import datasets, metrics, models, ops, plot, training, widgets

# %% [markdown]
# ## 1. One network that takes the whole picture
#
# Lecture 03 cut a picture into patches and classified each of them. It worked, and it was slow, because neighbouring patches share nearly everything.
#
# Here is another plan: **design a network that takes one image as input and does the segmentation for you.** Only convolutions, 3x3, with padding 1, so that every layer keeps the size:
#
# $$3 \times H \times W \;\to\; C_1 \times H \times W \;\to\; C_2 \times H \times W \;\to\; \dots \;\to\; K \times H \times W \;\xrightarrow{\;\text{argmax}\;}\; H \times W$$
#
# The last layer has one map per class. At each pixel the class with the largest score wins: that is the *argmax*. A network without any dense layer is called a **fully convolutional network**, FCN.
#
# > **Predict first.** No layer below is told the size of the picture. Will the same network take a 32 x 48 and a 37 x 51 picture? What comes out?

# %% tags=["nbval-check-output"]
network = nn.Sequential(
    nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(),
    nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
    nn.Conv2d(16, 11, 3, padding=1))
for size in [(32, 48), (37, 51)]:
    scores = network(torch.zeros(1, 3, *size))
    print(f"scores {tuple(scores.shape[1:])}, class map {tuple(scores.argmax(1).shape[1:])}")

# %% [markdown]
# Any size goes in, and a class for each of its pixels comes out. Two questions are left for this lecture. What has this to do with the classifier of lecture 03 (sections 2 to 5)? And what does it cost (from section 6 on)?
#
# ## 2. A dense layer is a convolution
#
# The classifier of lecture 03 ends in dense layers, and a dense layer wants a fixed number of inputs. But look at what it does with a map of $C \times h \times w$ values: for each output it multiplies every value by a weight, and adds up. A convolution whose kernel is **as large as the map** does exactly that, at the only place where it fits.
#
# > **Predict first.** A dense layer reads a map of 8 x 3 x 3 values and gives 5 numbers. How many weights has it, without the biases? How many has a 3x3 convolution from 8 to 5 channels?

# %% tags=["nbval-check-output"]
dense = nn.Linear(8 * 3 * 3, 5)
convolution = nn.Conv2d(8, 5, kernel_size=3)
convolution.load_state_dict({"weight": dense.weight.view(5, 8, 3, 3), "bias": dense.bias})
maps = torch.rand(1, 8, 3, 3)
print("weights:", dense.weight.numel(), "and", convolution.weight.numel())
print("same answers:", torch.allclose(dense(maps.flatten(1)), convolution(maps).flatten(1), atol=1e-6))

# %% [markdown]
# The same 360 numbers, in another order. One thing is new: the convolution does not mind a larger map. On 10 x 12 values it fits in 8 x 10 places, and answers at each of them what the dense layer would have said there.

# %% tags=["nbval-check-output"]
larger = torch.rand(1, 8, 10, 12)
answers = convolution(larger)
there = larger[:, :, 4:7, 6:9]  # the window at row 4, column 6
print(tuple(answers.shape[2:]), "places")
print("the same as the dense layer there:", torch.allclose(answers[0, :, 4, 6], dense(there.flatten(1))[0], atol=1e-6))

# %% [markdown]
# ## 3. The classifier of lecture 03, rewritten
#
# So we take the trained classifier of lecture 03, patches of 33 x 33 pixels, and write its two dense layers as convolutions. Nothing is trained again; the weights only change their shape. (The picture is a section of nerve tissue that the classifier has not seen in training.)

# %%
sections = datasets.load("em_vnc", split="test")
truth = sections[0].mask[:512, :512]
image = sections[0].image[:, :512, :512]

# %%
classifier = training.load_checkpoint("patch_to_fcn", source=sections.source).model
convolutional = models.to_convolutional(classifier)
kept = [layer for layer in classifier if not isinstance(layer, nn.Flatten)]
for before, after in zip(kept, convolutional, strict=True):
    if isinstance(before, nn.Linear):
        print(before, " -> ", after)

# %% [markdown]
# > **Predict first.** The network has three 2x2 poolings. We give it a piece of 96 x 96 pixels. How many answers come out: one, 64 x 64, or something else?

# %% tags=["nbval-check-output"]
piece = image[None, :, 200:296, 200:296]
with torch.no_grad():
    strided = convolutional(piece)
print("answers:", " x ".join(map(str, strided.shape[2:])))
print("by the formula: (96 - 33) / 8, rounded down, + 1 =", (96 - 33) // 8 + 1)

# %% [markdown]
# Each pooling halves the map, so two answers that stand side by side belong to patches **8 pixels apart**. They are right, but 63 of 64 pixels get none:

# %%
with torch.no_grad():
    every_eighth = [classifier(piece[:, :, row:row + 33, column:column + 33])
                    for row in range(0, 64, 8) for column in range(0, 64, 8)]
difference = torch.stack(every_eighth).squeeze(1) - strided[0].flatten(1).T
print(f"largest difference to the patches at every 8th pixel: {difference.abs().max():.1e}")

# %% [markdown]
# ## 4. How to fill the gaps: a tiny example
#
# In one dimension, with whole numbers, so that you can follow with a pencil. The 'network' is a max-pooling over 2 values with stride 2, then a convolution with the kernel $(1, -1)$. One answer needs 4 values of $x$: its patch.

# %% tags=["nbval-check-output"]
x = np.array([3, 1, 4, 1, 5, 9, 2, 6])

def network_on(values):
    pooled = ops.max_pool1d(values, 2, stride=2)[0]
    return ops.conv1d(pooled, np.array([1, -1]))

wanted = np.array([network_on(x[i:i + 4])[0] for i in range(5)])  # patch by patch
print("patch by patch:", wanted)
print("in one run:    ", network_on(x))

# %% [markdown]
# > **Predict first.** The run over the whole of $x$ gives three of the five answers. Which ones? And what should one do to $x$ to get the two others?
#
# **Shift and stitch.** Shift $x$ by one and run again: now the windows of the pooling start at odd places. Then put the answers in turn.

# %% tags=["nbval-check-output"]
stitched = np.zeros(5)
stitched[0::2] = network_on(x)
stitched[1::2] = network_on(x[1:])
print(stitched, np.array_equal(stitched, wanted))

# %% [markdown]
# **Or leave the stride out.** Pool with stride 1, so that *all* windows are there. Two windows that were neighbours with stride 2 now lie 2 apart. So the kernel behind must reach over one value: its taps go 2 apart. That is a **dilated**, or *atrous*, convolution (French *à trous*: with holes).

# %% tags=["nbval-check-output"]
pooled = ops.max_pool1d(x, 2, stride=1)[0]
atrous = ops.conv1d(pooled, np.array([1, -1]), dilation=2)
print("pooled with stride 1:", pooled)
print("kernel dilated by 2: ", atrous, np.array_equal(atrous, wanted))

# %% [markdown]
# Both give exactly the answers of the patches. The recipe for a whole network: **set every stride to 1, and dilate all that follows by the stride that you took away.** Behind three poolings the dilation is 2 x 2 x 2 = 8.
#
# ## 5. The whole network, all pixels, the same answers
#
# `to_fully_convolutional` does this to every layer. (It also continues the picture beyond its border as in a mirror, like the loop of lecture 03.)

# %%
dense_network = models.to_fully_convolutional(classifier)
dense_network

# %% [markdown]
# > **Predict first.** Not a single multiplication with a patch is left. How large is the largest difference to the loop over patches: 0.1, 0.001, or nothing but rounding?

# %%
def largest_difference(classifier, image):
    one_by_one = models.predict_patches(classifier, image, batch_size=128)
    with torch.no_grad():
        at_once = models.to_fully_convolutional(classifier)(image[None])[0]
    return float((at_once - one_by_one).abs().max())

for height, width in [(48, 48), (37, 51)]:
    difference = largest_difference(classifier, image[:, 200:200 + height, 200:200 + width])
    assert difference <= 1e-5
    print(f"{height} x {width} pixels: largest difference {difference:.1e}")

# %% [markdown]
# Nothing but rounding, for an odd size too. It is not a property of this one network. Another one, with batch norm, average pooling, other kernels, a stride in a convolution, and random weights:

# %%
torch.manual_seed(0)
other = nn.Sequential(
    nn.Conv2d(1, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ELU(), nn.AvgPool2d(3),
    nn.Conv2d(8, 12, 2), nn.ReLU(), nn.Flatten(), nn.Linear(12 * 3 * 3, 5)).eval()
other.patch_size = 25
difference = largest_difference(other, image[:, 200:237, 200:251])
assert difference <= 1e-5
print(f"37 x 51 pixels, stride 6: largest difference {difference:.1e}")

# %% [markdown]
# Now the bill for one section of 512 x 512 pixels, three ways to the same class map.
#
# > **Predict first.** The loop of lecture 03 needs 454 billion multiply-adds. How many does the dense network need? And shift-and-stitch, which runs the strided network 64 times?

# %% tags=["nbval-check-output"]
pixels = 512 * 512
multiply_adds = {
    "patch by patch": pixels * segviz.cost(classifier, (1, 33, 33)).multiply_adds,
    "shift and stitch": 64 * segviz.cost(convolutional, (1, 512 + 32, 512 + 32)).multiply_adds,
    "atrous": segviz.cost(dense_network, (1, 512, 512)).multiply_adds}
for name, count in multiply_adds.items():
    print(f"{name:17}{count / 1e9:6.1f} billion multiply-adds, {count / multiply_adds['atrous']:5.1f} times atrous")

# %% [markdown]
# The atrous form computes each value once. (Lecture 03 had a formula for that, and it gives the same number to the last digit.) Shift-and-stitch still computes the first layers again and again, once per shift.
#
# And the clock? The loop would take minutes, so we run it on 300 pixels and multiply. Of shift-and-stitch we run one shift of 64, and multiply. Only the atrous form is run as it stands.

# %%
def clock(run, repeat=1):
    with torch.no_grad():
        run()  # once to warm up
        start = time.perf_counter()
        for _ in range(repeat):
            run()
    return (time.perf_counter() - start) / repeat

# %%
patches = models.extract_patches(image, torch.randint(0, 512, (300, 2)), 33)
padded = F.pad(image[None], (16, 16, 16, 16), mode="reflect")
seconds = {"patch by patch": clock(lambda: [classifier(patch[None]) for patch in patches]) / 300 * pixels,
           "shift and stitch": 64 * clock(lambda: convolutional(padded)),
           "atrous": clock(lambda: dense_network(image[None]), repeat=3)}
for name, time_taken in seconds.items():
    print(f"{name:17}{multiply_adds[name] / 1e9:6.1f} billion multiply-adds {time_taken:9.2f} s"
          f"   {seconds[name] / seconds['atrous']:6.0f} times atrous")

# %% [markdown]
# The clock gains even more than the count: one large convolution keeps the processor busy, while thousands of tiny ones spend most of their time on starting and stopping.
#
# So here is the class map of the whole section. The loop would still be at work on it:

# %%
with torch.no_grad():
    membranes = dense_network(image[None])[0].argmax(0)
plot.show(plot.pictures(image[0], membranes, truth, titles=["section", "network, all pixels", "truth"]),
          alt="A section of nerve tissue, the membranes that the dense network finds at all pixels, and the true ones")

# %% [markdown]
# ## 6. The problem: full resolution all the way
#
# Each value is computed once now. Is that cheap? The classifier was tiny: 24 channels and a view of 33 pixels. Networks for street scenes have hundreds of channels and must see whole cars. **Full-resolution convolutions over the whole network are very expensive.**
#
# The solution: **downsample, then upsample.** 2x2 max-pooling makes the maps small, the 3x3 convolutions work on small maps, and an upsampling layer brings the scores back to full size.

# %%
def make(pools, width=64, classes=11):
    layers, channels = [], 3
    for pool in pools:  # one 3x3 convolution each, some with a pooling behind it
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), *[nn.MaxPool2d(2)] * pool]
        channels = width
    scores, factor = nn.Conv2d(width, classes, 1), 2 ** sum(pools)
    return nn.Sequential(*layers, scores, nn.Upsample(scale_factor=factor, mode="bilinear"))

stacks = {"full resolution": make([0, 0, 0, 0, 0, 0, 0, 0]),
          "down and up": make([1, 1, 1, 0, 0, 0, 0, 0])}

# %%
def sizes(network):
    rows = segviz.cost(network, (3, 256, 256)).layers
    kinds = {name: type(layer) for name, layer in network.named_modules()}
    wanted = [row.output_size[1:] for row in rows if kinds.get(row.layer) in (nn.Conv2d, nn.MaxPool2d, nn.Upsample)]
    return [(3, 256, 256), *wanted, (1, 256, 256)]

plot.show(plot.feature_stack({name: sizes(network) for name, network in stacks.items()}),
          alt="Two networks as rows of slabs: one keeps 256 x 256 throughout, the other shrinks to 32 x 32 and grows back at the end")

# %% [markdown]
# Each slab is a map: as high as its rows, as thick as its channels (their number stands below, and the size where it changes); the last one is the argmax. Both networks have the same eight 3x3 convolutions, 64 channels wide, and the same number of weights. The second one only has three poolings in between, and one upsampling.
#
# > **Predict first.** How many times fewer multiply-adds does 'down and up' need: 2, 4, or more than 10? And which of the two sees a larger part of the picture?

# %% tags=["nbval-check-output"]
for name, network in stacks.items():
    bill = segviz.cost(network, (3, 256, 256))
    seen = segviz.receptive_field(network, (3, 256, 256)).size[0]
    print(f"{name:16}{bill.parameters:9,} weights {bill.multiply_adds / 1e9:6.2f} billion multiply-adds,"
          f" {bill.kept_bytes / 2**20:5.0f} MiB to train, sees {seen} pixels")

# %% [markdown]
# Cheaper **and** it sees more. (*To train* means: the maps that have to be kept from the forward to the backward pass, for one picture. The weights come on top; here they are small.)
#
# ## 7. Does it fit on this machine?
#
# > **Predict first.** The picture gets twice as wide and twice as high. What happens to the multiply-adds? To the memory?

# %%
sides = [128, 256, 512, 1024, 2048, 4096]
bills = {name: [segviz.cost(network, (3, side, side)) for side in sides] for name, network in stacks.items()}
free = psutil.virtual_memory().available
plot.show(plot.cost_curves(
    sides, {name: [bill.multiply_adds for bill in row] for name, row in bills.items()},
    {name: [bill.kept_bytes for bill in row] for name, row in bills.items()},
    limits={f"free on this machine: {free / 2**30:.0f} GiB": free}),
    alt="Multiply-adds and memory of both networks rise four times with each doubling of the side; down and up stays far below")

# %% [markdown]
# Both grow with the *area*: four times for each doubling. The distance between the curves stays. So we can compute the largest square picture that one can train on here, and how long one pass over it would take, from the speed that this machine reaches on a small picture:

# %%
for name, network in stacks.items():
    bill = bills[name][1]
    largest = 256 * (free / bill.kept_bytes) ** 0.5
    rate = bill.multiply_adds / clock(lambda network=network: network(torch.zeros(1, 3, 256, 256)))
    needed = bill.multiply_adds * (largest / 256) ** 2 / rate
    print(f"{name:16} fits up to {largest:6.0f} x {largest:.0f} pixels; forward pass there {needed:6.1f} s"
          f" (extrapolated), at 256 x 256 {bill.multiply_adds / rate:.2f} s")

# %% [markdown]
# A graphics card of 8 GiB is a fixed number, so this can be said once and for all. One training picture of a phone camera has about 4000 x 3000 pixels:

# %% tags=["nbval-check-output"]
for name, network in stacks.items():
    needed = segviz.cost(network, (3, 3000, 4000)).kept_bytes / 2**30
    print(f"{name:16} keeps {needed:4.1f} GiB: {'fits' if needed < 8 else 'does not fit'} on a card of 8 GiB")

# %% [markdown]
# ## 8. The price of going down
#
# A network with stride 32 answers once for each block of 32 x 32 pixels. Let us be generous: suppose it is *perfect*, and knows for each block exactly which share of it belongs to which class. We enlarge these shares, as an FCN does with its scores, and take the largest. What is wrong then is due to the stride alone:

# %%
streets = datasets.load("camvid", split="test", size=(192, 256))
some = [streets[i] for i in (34, 0, 20, 41)]

def perfect(mask, stride):
    shares = F.avg_pool2d(torch.stack([(mask == k).float() for k in range(11)])[None], stride)
    return F.interpolate(shares, scale_factor=stride, mode="bilinear")[0].argmax(0)

# %% [markdown]
# We measure with two numbers. **Mean IoU** (mIoU): the IoU of lecture 03 for each class, then the mean over the classes; it looks at regions. **Boundary F1**: which share of the predicted boundaries lies within 2 pixels of a true one, and the other way round, combined in one number; it looks at boundaries only. Both are 1 for a perfect map.
#
# > **Predict first.** Perfect knowledge at stride 32: is the mIoU about 0.95, 0.8, or 0.5 or less? Who suffers more, regions or boundaries?

# %%
def judge(predictions, samples):
    matrix, f1 = metrics.ConfusionMatrix(11), []
    for prediction, sample in zip(predictions, samples, strict=True):
        matrix.update(prediction, sample.mask)
        f1.append(metrics.boundary_f1(prediction, sample.mask, num_classes=11))
    return f"mIoU {matrix.mean_iou:.3f}, boundary F1 {np.mean(f1):.3f}"

for stride in [32, 16, 8, 4, 1]:
    print(f"perfect at stride {stride:2}:", judge([perfect(one.mask, stride) for one in some], some))

# %%
ideal = {f"stride {stride}": perfect(some[0].mask, stride).numpy() for stride in (32, 16, 8)}
plot.show(plot.fcn(some[0].image.permute(1, 2, 0).numpy(), ideal, truth=some[0].mask.numpy(),
                   classes=streets.classes, at=(96, 128), lens=48),
          alt="A street scene as a perfect network of stride 32, 16 and 8 would draw it: thin things are gone at stride 32")

# %% [markdown]
# More training does not repair this: poles and signs are thinner than a block. We need both. The deep, coarse maps know *what* is there; the early, fine maps still know *where*.
#
# ## 9. FCN-32s, FCN-16s, FCN-8s
#
# Long, Shelhamer and Darrell (2015) took a classification network, wrote its dense layers as convolutions, and added a ladder:
#
# - **FCN-32s**: class scores from the last maps, stride 32. Enlarge them 32 times.
# - **FCN-16s**: enlarge these scores 2 times and **add** scores computed from the maps at stride 16. Then enlarge 16 times.
# - **FCN-8s**: once more, with the maps at stride 8. Then enlarge 8 times.
#
# $$T_{32} = S_{32}, \qquad T_{16} = \mathrm{up}_2(T_{32}) + S_{16}, \qquad T_8 = \mathrm{up}_2(T_{16}) + S_8, \qquad \text{class map} = \operatorname{argmax}\, \mathrm{up}_8(T_8)$$
#
# $S_s$ are the scores at stride $s$: one 1x1 convolution on the maps of that stride. Such a connection from an early layer to a late one is a **skip**. Each rung is trained as a network of its own, on whole pictures: one forward pass gives the loss of all pixels at once. Ours stand on EfficientNet-Lite0 (lecture 02), which learned from photographs and is left as it is; only the small 1x1 convolutions were trained, with a batch norm before each.

# %%
ladder = {stride: training.load_checkpoint(f"camvid_fcn{stride}s", source=streets.source).model
          for stride in (32, 16, 8, 4)}
street = some[0]
scores = {stride: network.scores(street.image[None]) for stride, network in ladder.items()}
for stride, maps in scores[8].items():
    print(f"FCN-8s, scores at stride {stride:2}: {tuple(maps.shape[1:])}")

# %% [markdown]
# The ladder itself is four lines:

# %% tags=["nbval-check-output"]
def climb(maps):
    total = 0
    for stride, own in maps.items():  # the coarsest first
        total = own if stride == 32 else F.interpolate(total, scale_factor=2, mode="bilinear") + own
    return F.interpolate(total, scale_factor=stride, mode="bilinear")

with torch.no_grad():
    print("the same as FCN-8s:", torch.allclose(climb(scores[8]), ladder[8](street.image[None]), atol=1e-4))

# %% [markdown]
# Now climb it. Step with the arrow keys of the slider, or press *Play*. Move the mouse over the picture to read what each rung says there; press to move the lens; choose a class to see its score maps, each in its own size.
#
# > **Predict first.** Where will the first skip change most: inside the road, or along its border? And a thin pole: on which rung does it appear?

# %%
widgets.FCNLadder(street.image, {stride: scores[stride] for stride in (32, 16, 8)}, truth=street.mask)

# %% [markdown]
# Try this:
#
# 1. Show *what the skip changed* on 16s and on 8s. Blue became right, orange became wrong. Where does the blue lie?
# 2. Choose *road* under 'scores of'. On 8s, compare the left map (all that came from below) with the middle one (what the skip adds). Deep inside the road the left one is about ten times larger, so the skip cannot change the answer. At the border the left one passes through zero, and there the skip decides.
# 3. Show *mistakes* on 8s. What is left, thin things or whole regions? Which of the two could one more skip repair?
#
# (The colours are chosen so that colour-blind eyes can tell all eleven classes apart.)
#
# The answer to the first question, in numbers:

# %%
from scipy import ndimage

road = (street.mask == streets.classes.index("road")).numpy()
distance = ndimage.distance_transform_edt(road) + ndimage.distance_transform_edt(~road)
with torch.no_grad():
    found = {stride: ladder[stride](street.image[None])[0].argmax(0).numpy() for stride in (32, 16, 8)}
for coarse, fine in [(32, 16), (16, 8)]:
    changed = found[coarse] != found[fine]
    print(f"from {coarse}s to {fine}s: {changed[distance <= 8].mean():5.1%} changed within 8 pixels of the road's border,"
          f" {changed[road & (distance > 8)].mean():.1%} deeper inside the road")

# %% [markdown]
# ## 10. The experiment: how much does each rung bring?
#
# One picture proves nothing. Here are the results on the whole test split of CamVid, real street scenes, as the course's own training measured them. (On a machine without these pictures the other cells of this page run on drawn streets; this table is always the real one.)

# %%
print("         mIoU              boundary F1      (mean +- standard deviation)")
for stride in (32, 16, 8, 4):
    card = training.load_card(f"camvid_fcn{stride}s")
    iou, f1 = card.scores["mean_iou"], card.scores["boundary_f1"]
    print(f"{f'FCN-{stride}s':7}  {iou.mean:.3f} +- {iou.spread:.3f}   {f1.mean:.3f} +- {f1.spread:.3f}")
height, width = card.picture_size
print(f"\n{len(card.seeds)} seeds, {card.train} training and {card.test} test pictures of {height} x {width} pixels,")
print(f"{card.steps} steps, {card.date}, {card.device}", *card.citation.split("; "), sep="\n")

# %% [markdown]
# Each skip adds less than the one before. The regions (mIoU) are soon satisfied: the third skip, to stride 4, which the paper does not have, moves them by about as much as another seed would. The boundaries go on gaining.
#
# Two warnings. Boundary F1 at another picture size is another number, because 2 pixels are then another distance. And this experiment shows the *order* of the rungs, not how good such networks can get: the pictures are few and small, and the backbone never saw a street in training.
#
# > **Predict first.** What does the ladder cost? FCN-8s computes scores at three strides instead of one: how many per cent more multiply-adds than FCN-32s?

# %% tags=["nbval-check-output"]
for stride, network in ladder.items():
    bill = segviz.cost(network, (3, 192, 256))
    extra = bill.multiply_adds / segviz.cost(ladder[32], (3, 192, 256)).multiply_adds - 1
    trained = sum(weight.numel() for weight in network.decoder.parameters())
    print(f"FCN-{stride}s: {bill.multiply_adds / 1e6:.1f} million multiply-adds (+{extra:.1%}), {trained:,} trained weights")

# %% [markdown]
# The maps had been computed anyway, on the way down. A skip only reads them.
#
# ## 11. Four things that are often believed
#
# **'Fully convolutional means: no pooling.'** It means: no dense layer. The network of the paper pools five times:

# %% tags=["nbval-check-output"]
with torch.device("meta"):  # the shape only: the weights would take half a gigabyte
    paper = models.create("fcn8s", num_classes=21)
for kind in (nn.Conv2d, nn.MaxPool2d, nn.Linear, nn.ConvTranspose2d):
    count = sum(isinstance(layer, kind) for layer in paper.modules())
    print(f"FCN-8s of the paper: {count:2} {kind.__name__}")

# %% [markdown]
# **'An FCN needs one fixed input size.'** That was the classifier with its dense layers. The ladder takes what comes:

# %% tags=["nbval-check-output"]
for height, width in [(64, 96), (100, 75), (192, 256)]:
    with torch.no_grad():
        output = ladder[8](torch.zeros(1, 3, height, width))
    print(f"{height} x {width} -> {output.shape[2]} x {output.shape[3]}")
try:
    classifier(torch.zeros(1, 1, 64, 64))
except ValueError as error:
    print("the classifier with dense layers:", error)

# %% [markdown]
# Any size, but the *scale* still counts: the network has learned what streets look like at one scale. Here is the same street smaller and larger, with the answers brought back to the size of the truth:

# %%
for scale in [0.5, 1, 2]:
    resized = F.interpolate(street.image[None], scale_factor=scale, mode="bilinear", antialias=True)
    with torch.no_grad():
        back = F.interpolate(ladder[8](resized), size=street.size, mode="bilinear")
    print(f"{resized.shape[2]:3} x {resized.shape[3]}: {judge(back.argmax(1), [street])}")

# %% [markdown]
# At half the size, more things are thinner than a block. At twice the size the blocks are finer, measured on the scene; the price is four times the multiply-adds, and things that look larger than they ever did in training.
#
# **'Upsampling brings the detail back.'** It brings the *size* back. Two different rows of pixels can have the same pooled row, and whatever upsampling you choose gets only that row to see:

# %% tags=["nbval-check-output"]
fence = np.array([0, 8, 0, 8, 0, 8, 0, 8])
shifted = np.array([8, 0, 8, 0, 8, 0, 8, 0])
plain = np.array([4, 4, 4, 4, 4, 4, 4, 4])
for name, row in {"fence": fence, "shifted fence": shifted, "plain grey": plain}.items():
    print(f"{name:14}", row, "-> pooled and upsampled:", ops.upsample_bilinear(ops.avg_pool1d(row, 2), 2))

# %% [markdown]
# The three cannot be told apart any more. The detail has to come from where it still exists: from the maps before the pooling. That is what the skips are for.
#
# **'Dense evaluation is an approximation of the patch loop.'** The difference of section 5 is rounding. If so, it must shrink by a factor of many millions when we compute with twice as many digits:

# %%
with torch.no_grad():
    loop = models.predict_patches(classifier.double(), image[:, :24, :24].double(), batch_size=64)
    at_once = models.to_fully_convolutional(classifier)(image[None, :, :24, :24].double())[0]
classifier.float()
assert (at_once - loop).abs().max() <= 1e-12
print(f"largest difference in double precision: {(at_once - loop).abs().max():.0e}")

# %% [markdown]
# ## 12. Guidelines
#
# | guideline | why, in numbers |
# |---|---|
# | Design a network that takes one image as input: no dense layer at the end, a convolution instead. | The same 360 weights, the same answers, any size (sections 1 and 2). |
# | Never loop over patches at test time. | 454 against 7.0 billion multiply-adds for one section, 65 times fewer, and the clock gains more (section 5). The answers are the same. |
# | If a trained network must answer at every pixel, take the strides out and dilate. | Atrous costs 7.0 billion, shift-and-stitch 65 billion (section 5). |
# | Do not stay at full resolution over the whole network: downsample, then upsample. | 16 times fewer multiply-adds with the same number of weights, and a view of 110 instead of 17 pixels (section 6). |
# | Compute the memory before you train; it grows with the area. | Twice the side is four times the bill (section 7). |
# | Bring the detail back by skips, not by upsampling alone. | Even a perfect network of stride 32 loses about half of the mIoU (section 8); the skips of FCN-8s cost 0.2 % more multiply-adds (section 10). |
# | Stop climbing when it stops paying. | Each skip adds less than the one before; beyond stride 8 only the boundaries still gain (section 10). |
#
# ## 13. Further reading
#
# - J. Long, E. Shelhamer, T. Darrell: *Fully convolutional networks for semantic segmentation*, CVPR 2015. The ladder of this lecture; section 3 has dense layers as convolutions and shift-and-stitch.
# - E. Shelhamer, J. Long, T. Darrell: *Fully convolutional networks for semantic segmentation*, PAMI 2017. The longer version.
# - P. Sermanet, D. Eigen, X. Zhang, M. Mathieu, R. Fergus, Y. LeCun: *OverFeat: integrated recognition, localization and detection using convolutional networks*, ICLR 2014. Dense evaluation of a classifier, and what to do about the stride.
# - A. Giusti, D. Ciresan, J. Masci, L. Gambardella, J. Schmidhuber: *Fast image scanning with deep max-pooling convolutional neural networks*, ICIP 2013. The same answers without the waste, for the network of lecture 03.
#
# ## 14. Train it yourself
#
# Off by default. Set `TRAIN = True` and run the cell: it trains all four rungs, on the GPU if there is one, and shows what they reach.

# %%
TRAIN = False
if TRAIN:
    for card in training.train("camvid_ladder", folder="my_checkpoints"):
        print(card)

# %% [markdown]
# **Exercises:** [04 Fully convolutional](exercises/04_fully_convolutional.ipynb): write a dense layer that answers at all places, the bill of both ways, and one rung of the ladder, and have them checked.
#
# **Next:** [lecture 05, unpooling](05_unpooling.ipynb): other ways to come back up, with and without remembering where the maxima stood.
