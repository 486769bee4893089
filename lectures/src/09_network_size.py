# %% [markdown]
# # 09 Be aware of the size of your network
#
# After this lecture you can
#
# - **count** the parameters, multiply-adds and activations of a layer by hand, and of any network with one call;
# - **predict** what happens to each of them when you change the width, the picture or the batch, and **decide** whether a training fits on a card;
# - **compare** networks fairly, and **explain** why a count and a paper do not always agree.
#
# *How to use this page:* run the cells from top to bottom (Shift+Enter). Stop at each **Predict first** and write your answer down before you go on.

# %%
import math

import psutil
import torch
from torch import nn

import segviz
from segviz import datasets, losses, models, plot, postprocessing, training, widgets

# %% [markdown]
# ## 1. Four bills of one layer
#
# A convolution with a $k \times k$ kernel, $c$ channels in, $m$ channels out, and an output of $H \times W$ values per channel:
#
# $$\text{parameters} = k^2\,c\,m + m \qquad\qquad \text{multiply-adds} = k^2\,c\,m\;H\,W \qquad\qquad \text{activations} = m\,H\,W$$
#
# The parameters are what is *stored*: they do not ask how large the picture is. The multiply-adds are what is *done*. The activations are what is *held in memory* while the network runs, four bytes each in float32. The fourth bill is paid in pixels: the **receptive field**, how far the layer sees.
#
# > **Predict first.** A 3x3 convolution, 64 channels in, 128 out, on 100 x 100 values (padding 1). Work the three numbers out.

# %% tags=["nbval-check-output"]
k, c, m, height, width = 3, 64, 128, 100, 100
print(f"by hand: {k * k * c * m + m:,} parameters, {k * k * c * m * height * width:,} multiply-adds,"
      f" {m * height * width:,} activations")
layer = nn.Conv2d(c, m, k, padding=1)
bill = segviz.cost(layer, (c, height, width))
output = layer(torch.zeros(1, c, height, width))
print(f"counted: {bill.parameters:,} parameters, {bill.multiply_adds:,} multiply-adds, {output.numel():,} activations")

# %% [markdown]
# `segviz.cost` does this for every layer of a network. It needs no numbers for that, only sizes, so we can build the networks on torch's `meta` device: there the largest of them takes no memory at all.

# %% tags=["nbval-check-output"]
def made(name, **variant):
    with torch.device("meta"):
        return models.create(name, **variant)

segviz.cost(made("unet", depth=1), (1, 28, 28))

# %% [markdown]
# ## 2. What grows with what
#
# > **Predict first.** A U-Net on a picture of 256 x 256. Fill in the factors: twice the channels; twice the side of the picture; twice the batch; one level more. What happens to the parameters, the multiply-adds, the activations, the receptive field?

# %%
def four_bills(width=32, side=256, batch=1, depth=4):
    network = made("unet", width=width, depth=depth, padded=True)
    bill = segviz.cost(network, (batch, 1, side, side))
    field = segviz.receptive_field(network, (1, side, side)).size[0]
    return bill.parameters, bill.multiply_adds, bill.kept_bytes, field

# %% tags=["nbval-check-output"]
start = four_bills()
changes = {"twice the channels": {"width": 64}, "twice the side": {"side": 512},
           "twice the batch": {"batch": 2}, "one level more": {"depth": 5}}
print(f"{'':20}parameters  multiply-adds  activations  receptive field")
for name, change in changes.items():
    factors = [after / before for after, before in zip(four_bills(**change), start, strict=True)]
    print(f"{name:20}{factors[0]:9.2f}x{factors[1]:14.2f}x{factors[2]:12.2f}x{factors[3]:16.2f}x")

# %% [markdown]
# - **Channels** come in pairs, in and out: twice as many make four times the weights and the work, but only twice the maps.
# - **The picture** has nothing to do with the weights. Twice the side is four times the work and four times the maps.
# - **The batch** multiplies the work and the maps, and nothing else.
# - **A level more**, at the bottom, brings three quarters of the weights and hardly any maps, and doubles the view.
#
# Remember the last column: more channels see no farther. Only kernels, strides and rates do.

# %% [markdown]
# ## 3. The weights are at the bottom, the maps are at the top
#
# The U-Net of the paper, on its 572 x 572 tile.
#
# > **Predict first.** Which level has the most weights? Which one takes the most memory in training? How large is its share of the weights?

# %%
unet = segviz.cost(made("unet"), (1, 572, 572))

def numbered(name, i):
    return name if i == 0 else f"{name} ({i + 1})"

stages = {f"down.{i}": (f"down.{i}", numbered("pool", i)) for i in range(5)}
stages |= {f"merge.{i}": (f"up.{i}", numbered("cat", i), f"merge.{i}") for i in range(4)}

# %%
def of_stage(stage, what):
    rows = [row for row in unet.layers
            if any(row.layer == part or row.layer.startswith(f"{part}.") for part in stages[stage])]
    return sum(getattr(row, what) for row in rows)

# %%
titles = {"parameters": "parameters", "multiply_adds": "multiply-adds", "kept_bytes": "kept in training"}
shares = {title: [of_stage(stage, what) for stage in stages] for what, title in titles.items()}
for what, title in titles.items():
    shares[title].append(getattr(unet, what) - sum(shares[title]))
plot.show(plot.cost_shares([*stages, "all else"], shares),
          alt="Bars of U-Net's levels: the bottom level has nearly half of the weights and hardly any of the memory; the first and the last level have half of the memory and hardly any of the weights")

# %% tags=["nbval-check-output"]
for stage in ("down.0", "down.4"):
    print(f"{stage}: {of_stage(stage, 'parameters') / unet.parameters:5.1%} of the parameters, "
          f"{of_stage(stage, 'multiply_adds') / unet.multiply_adds:4.1%} of the multiply-adds, "
          f"{of_stage(stage, 'kept_bytes') / unet.kept_bytes:5.1%} of the memory that training keeps")

# %% [markdown]
# With each level the channels double: four times the weights. The map has a quarter of the pixels. So the work is spread about evenly, the weights collect at the bottom, and the memory at the top. (A level counts with its pooling, or with its up-convolution and the maps that are joined. *All else* are the picture, the dropouts and the last 1x1 convolution.)
#
# If a network takes too much *disk*, look at its deepest layers. If it takes too much *memory*, look at its first ones.

# %% [markdown]
# ## 4. Seven papers
#
# DeepLab v2 stands here on ResNet-101, v3+ on Xception-65, the backbone of its best result. (Lecture 08 had v3+ on ResNet-101, so its numbers are others.) Xception's convolutions are **depthwise separable**: a 3x3 kernel for each channel by itself, then a 1x1 convolution that mixes the channels. DCAN (2016) finds cell bodies and their outlines with two ways up; lecture 12 comes to it.
#
# > **Predict first.** FCN-8s, SegNet, U-Net, V-Net, DeepLab v2, DeepLab v3+, DCAN: which has the most parameters? Which one needs the most memory to train? Is it the same one?

# %%
widgets.NetworkSize()

# %% [markdown]
# *Memory* is the part that can be counted: weights, gradients, what the optimizer remembers, activations, all in float32. Each network gets a picture that it really takes, the nearest to the side that you choose (U-Net: 572 at 576; DeepLab: 577, where the corners of all its maps meet). V-Net gets a volume, half as deep as it is wide.
#
# Try this, in this order:
#
# 1. Move *side of the picture*. Parameters stay; multiply-adds and memory follow the area, in V-Net the volume. The field stays too, and becomes a smaller part of the picture. (DeepLab v3+ is the exception: one branch takes the mean over the whole picture, so it sees all of it at any size.)
# 2. Set *channels* to 1/2, then to 1/4. What happens to the parameters? To the memory? What does the last column do?
# 3. Go back to 1. Choose *inference*. Which part of each bar goes? Why do the activations shrink so much? (Section 6.)
# 4. Choose *training, momentum* again. Which batch fits on 8 GiB with DeepLab v2, and which on 24?
# 5. Choose FCN-8s under *network*. Which one layer has three quarters of its parameters?
#
# (2: parameters fall to about a quarter each time, memory to about a half, and the last column stays. 4: 2 fit on 8 GiB and 3 are tight; 8 and 10 on 24. 5: the 7x7 convolution `dense.0`, VGG's fc6: 76 %.)

# %% [markdown]
# ## 5. Exact counts beside the papers'
#
# The same networks, each on its paper's picture. *Kept* is what training keeps of it, *in inference* the most that is held at one time. V-Net's last axis is the third one of a volume.

# %%
papers = {"FCN-8s": ("fcn8s", (3, 500, 500)), "SegNet": ("segnet", (3, 360, 480)),
          "U-Net": ("unet", (1, 572, 572)), "V-Net": ("vnet", (1, 128, 128, 64)),
          "DeepLab v2": ("deeplab_v2", (3, 513, 513)), "DeepLab v3+": ("deeplab_v3plus", (3, 513, 513)),
          "DCAN": ("dcan", (3, 480, 480))}
bills = {name: segviz.cost(made(model), size) for name, (model, size) in papers.items()}

# %% tags=["nbval-check-output"]
print(f"{'':11} {'picture':10}  parameters  G multiply-adds  MiB kept  MiB in inference")
for name, bill in bills.items():
    size = "x".join(map(str, bill.input_size[2:]))
    print(f"{name:11} {size:10} {bill.parameters:11,} {bill.multiply_adds / 1e9:16.2f}"
          f" {bill.kept_bytes / 2**20:9.0f} {bill.peak_bytes / 2**20:17.0f}")

# %% [markdown]
# Now the figures that the papers print. (*M*, *G*: millions, thousand millions. *MB* are a million bytes, as in the SegNet paper's table of model sizes: four bytes for each parameter.)
#
# > **Predict first.** How close does an honest count come to a printed figure: to the digit, to a per cent, to ten per cent?

# %%
megabytes = 4 / 1e6  # of one float32 parameter
printed = [
    ("FCN (VGG-16), M parameters", 134, "fcn32s", {}, "parameters", 1e-6),
    ("SegNet, MB of weights", 117, "segnet", {}, "parameters", megabytes),
    ("FCN, MB of weights", 539, "fcn8s", {}, "parameters", megabytes),
    ("SegNet-Basic, M parameters", 1.425, "segnet_basic", {}, "parameters", 1e-6),
    ("DeepLab v2, LargeFOV, M", 20.5, "deeplab_v2", {"backbone": "vgg16", "head": "large_fov"}, "parameters", 1e-6),
    ("v3+, Xception-65, G", 54.17, "deeplab_v3plus", {}, "multiply_adds", 1e-9),
    ("v3+, ResNet-101, G", 101.28, "deeplab_v3plus", {"backbone": "resnet101"}, "multiply_adds", 1e-9)]

# %% tags=["nbval-check-output"]
for text, figure, name, variant, what, unit in printed:
    size = (3, 513, 513) if name.startswith("deeplab") else (3, 360, 480)
    counted = getattr(segviz.cost(made(name, **variant), size), what) * unit
    print(f"{text:28} printed {figure:7}  counted {counted:8.3f}  {counted / figure - 1:+6.1%}")

# %% [markdown]
# (U-Net's, V-Net's and DCAN's papers print no such counts. U-Net's says 23 convolutions: section 6 counts them.)
#
# Where they differ, there is mostly a reason, and it is worth looking for:
#
# - **Rounding.** 134 and 20.5 are rounded, 117 is cut off. And a file may hold more than weights, or weights for another number of classes.
# - **Another network under the same name.** 'ResNet-101' is the case here. The authors' own code begins with three 3x3 convolutions instead of one 7x7, and puts the stride into the last block of a stage:

# %% tags=["nbval-check-output"]
for form in ("torchvision", "beta"):
    bill = segviz.cost(made("deeplab_v3plus", backbone="resnet101", form=form), (3, 513, 513))
    print(f"{form:12} {bill.parameters:,} parameters, {bill.multiply_adds / 1e9:6.2f} G multiply-adds")

# %% [markdown]
# - **Another way to count.** TensorFlow of that time computed an atrous convolution on a map that is filled up to a multiple of the rate, 36 x 36 instead of 33 x 33. With these extra positions the count comes to 101.2 G, within 0.1 % of the paper. Others count a multiply-add as *two* operations (FLOPs), or leave out biases, or the upsampling.
# - **Not explained.** SegNet-Basic's 1.425 M is 0.6 % more than any form of it that is known here. That happens. Say so, instead of adjusting the count.
#
# Three of the papers print receptive fields of a way through the whole network. Two of them, and the way down of the third, are exact. (DeepLab's *field of view* is another thing: 224 for a kernel of 7 x 7 at rate 4 is what that one kernel spans: $(7 - 1) \cdot 4$ steps of 8 pixels, and 32 pixels for what one place stands for in VGG with its strides.)

# %% tags=["nbval-check-output"]
for text, name, size, layer in [("FCN, fc6: 404", "fcn32s", (3, 500, 500), "dense.0"),
                                ("SegNet-Basic, pool4: 106", "segnet_basic", (3, 360, 480), "pool (4)"),
                                ("V-Net, left stage 5: 372", "vnet", (1, 128, 128, 64), "left.4"),
                                ("V-Net, output: 551", "vnet", (1, 128, 128, 64), None)]:
    field = segviz.receptive_field(made(name), size, layer=layer)
    print(f"printed {text:26} counted {field.size[0]}")

# %% [markdown]
# The 551 adds a step for each up-convolution as if its 2x2x2 kernel *read* two values. It writes two; each output reads one. So the exact number is smaller, and depends on where the voxel stands: 532 to 548.

# %% [markdown]
# ## 6. Training keeps what inference forgets
#
# In inference a map can go as soon as the next layer has read it. The backward pass needs the maps again, in reverse order, so training **keeps** them.
#
# > **Predict first.** Look at the table of section 5: by which factor does training hold more than inference? For a network with 100 layers, more or less than for one with 20?

# %% tags=["nbval-check-output"]
for name, bill in bills.items():
    print(f"{name:12} {len([row for row in bill.layers if row.multiply_adds]):3} convolutions, "
          f"training keeps {bill.kept_bytes / bill.peak_bytes:4.1f} times the peak of inference")

# %% [markdown]
# The deep ones are hit hardest: inference holds a few maps at any moment, training holds those of all layers.
#
# Is that true, or only a count? Let us run small networks, with numbers, and ask torch for each tensor that it puts aside for the backward pass. Every piece of memory counts once, however many tensors look at it; the weights do not count.

# %%
def really_kept(network, images):
    storages = {}
    def put_aside(tensor):
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor
    with torch.autograd.graph.saved_tensors_hooks(put_aside, lambda tensor: tensor):
        network(images)
    own = {weight.untyped_storage().data_ptr() for weight in [*network.parameters(), *network.buffers()]}
    return sum(storage.nbytes() for place, storage in storages.items() if place not in own)

# %% tags=["nbval-check-output"]
for name, variant, size in [("unet", {"width": 8}, (2, 1, 188, 188)), ("segnet", {"width": 8}, (2, 3, 96, 96)),
                            ("vnet", {"width": 2}, (1, 1, 32, 32, 16)), ("dcan", {"width": 8}, (1, 3, 64, 64))]:
    network = models.create(name, seed=0, **variant)
    counted, real = segviz.cost(network, size).kept_bytes, really_kept(network, torch.zeros(size))
    print(f"{name:7} counted {counted:10,} bytes, put aside {real:10,}, the same: {counted == real}")

# %% [markdown]
# To the byte. And the whole process, as the operating system sees it? Four passes forward, none of them finished by a backward pass, so nothing is given back:

# %%
network, held = models.create("unet", width=16, seed=0), []
counted = segviz.cost(network, (1, 380, 380)).kept_bytes
for number in range(4):
    before = psutil.Process().memory_info().rss
    held.append(network(torch.zeros(1, 1, 380, 380)))
    grown = psutil.Process().memory_info().rss - before
    print(f"pass {number + 1}: counted {counted / 2**20:.0f} MiB, the process grew by {grown / 2**20:4.0f} MiB")
del held

# %% [markdown]
# The first pass pays once for torch's threads and work space, or finds room that was free; the later ones, as a rule, come close to the count. On a graphics card, too, some work space and the context (some hundred MiB) come on top. That is why the widget calls 80 % of a card *tight*.
#
# The weights have company as well: each has a gradient, and what the optimizer remembers.
#
# > **Predict first.** How many numbers does Adam remember per weight? SGD with momentum?

# %% tags=["nbval-check-output"]
def remembered(optimizer_class, **settings):
    weight = nn.Parameter(torch.ones(1000))
    optimizer = optimizer_class([weight], lr=0.1, **settings)
    weight.sum().backward()
    optimizer.step()
    state = [value for values in optimizer.state.values() for value in values.values() if torch.is_tensor(value) and value.dim()]
    return sum(value.numel() for value in state) / weight.numel()

print("SGD", remembered(torch.optim.SGD), " momentum", remembered(torch.optim.SGD, momentum=0.9), " Adam", remembered(torch.optim.Adam))

# %% [markdown]
# In bytes, with $P$ trained weights, batch $N$ and $A$ bytes kept of each picture:
#
# $$\text{inference} \approx 4P + N \cdot \text{peak} \qquad\qquad \text{training} \approx \underbrace{4P}_{\text{weights}} + \underbrace{4P}_{\text{gradients}} + \underbrace{4P \text{ (momentum) or } 8P \text{ (Adam)}}_{\text{optimizer}} + N \cdot A$$

# %% [markdown]
# ## 7. Does it fit?
#
# > **Predict first.** Training with momentum, each network on its own paper's picture. How many pictures at a time fit on a card of 8 GiB?

# %% tags=["nbval-check-output"]
cards = (6, 8, 24, 80)
print(f"{'largest batch':13}", *[f"{card:4} GiB" for card in cards])
for name, bill in bills.items():
    weights = 12 * bill.parameters + 4 * (bill.frozen_parameters + bill.buffers)
    most = [int((0.8 * card * 2**30 - weights) // bill.kept_bytes) for card in cards]
    print(f"{name:13}", *[f"{batch:8}" for batch in most])

# %% [markdown]
# (80 % of each card, the rest for what is not counted.) It fits some habits of the papers. U-Net's authors had a card of 6 GB, preferred large tiles to a large batch and took one at a time, with a momentum of 0.99, so that many steps act like a batch. (The count would have let them take a few; but their Caffe also stored a gradient beside every map.) V-Net trained with two volumes at a time, DeepLab v2 with ten pictures, but small crops of them.
#
# What can you do when it does not fit?
#
# > **Predict first.** DeepLab v2 at 513 x 513. Order these by the memory they save: half the channels; a crop of 321 instead of 513; half the batch.

# %% tags=["nbval-check-output"]
def training_bytes(batch=4, side=513, **variant):
    bill = segviz.cost(made("deeplab_v2", **variant), (batch, 3, side, side))
    return 12 * bill.parameters + 4 * (bill.frozen_parameters + bill.buffers) + bill.kept_bytes

start = training_bytes()
for name, change in {"as it is": {}, "half the batch": {"batch": 2}, "half the channels": {"width": 32},
                     "crops of 321": {"side": 321}, "output stride 16": {"output_stride": 16}}.items():
    print(f"{name:18} {training_bytes(**change) / 2**30:5.2f} GiB, {training_bytes(**change) / start:4.0%}")

# %% [markdown]
# Crops of 321 are what the paper's authors trained with. Be aware what each one costs you: a crop must still hold what the network needs to see, half the channels are another, weaker network, half the batch makes noisier steps, and output stride 16 gives a coarser map (lecture 08).

# %% [markdown]
# ## 8. Gather information at different resolutions
#
# The other guideline of the slides. To see far, a network has three ways: many layers, large rates, or small maps. All three see 91 pixels or a little more here, with 32 channels everywhere.
#
# > **Predict first.** The stack of 45 layers on the full picture, six atrous layers, or three poolings: what do they cost?

# %%
def convolutions(*rates, channels=32):
    return [part for rate in rates for part in (nn.Conv2d(channels, 32, 3, padding=rate, dilation=rate), nn.ReLU())]

def with_first(*rest):
    return nn.Sequential(*convolutions(1, channels=3), *rest)

# %%
def half():
    return [nn.MaxPool2d(2), *convolutions(1)]

ways = {"45 layers": with_first(*convolutions(*[1] * 44)), "rates 1-2-4-8-16-14": with_first(*convolutions(2, 4, 8, 16, 14)),
        "down and up": with_first(*half(), *half(), *half(), *convolutions(1, 1, 1), nn.Upsample(scale_factor=8, mode="bilinear"))}

# %% tags=["nbval-check-output"]
for name, network in ways.items():
    bill, field = segviz.cost(network, (3, 256, 256)), segviz.receptive_field(network, (3, 256, 256))
    print(f"{name:20} sees {field.size[0]} pixels, {bill.parameters:7,} parameters, {bill.multiply_adds / 1e9:5.2f} G multiply-adds,"
          f" {bill.kept_bytes / 2**20:5.1f} MiB kept")

# %% [markdown]
# Small maps are by far the cheapest way to see far. What they lose is *where* things are. So keep both: the far view from small maps, the place from large ones, and join them, by a shortcut, a sum, a concatenation and a 1x1 convolution, or a pyramid.
#
# What does that cost, and what does it bring? The course's U-Net for membranes, with its skips and without. First the price:

# %% tags=["nbval-check-output"]
small = {"width": 16, "depth": 3, "padded": True}
prices = {skips: segviz.cost(made("unet", skips=skips, **small), (1, 256, 256)) for skips in (True, False)}
for skips, bill in prices.items():
    print(f"{'with skips' if skips else 'without':10} {bill.parameters:,} parameters, {bill.multiply_adds / 1e9:.2f} G multiply-adds, {bill.kept_bytes / 2**20:.1f} MiB kept")
for what in ("parameters", "multiply_adds", "kept_bytes"):
    print(f"skips add {getattr(prices[True], what) / getattr(prices[False], what) - 1:.0%} of the {what}")

# %% [markdown]
# Now the gain, on real sections of a fly larva's nerve cord, as the course's own training measured it (always the real result, on any machine):

# %%
for name in ("em_unet", "em_unet_without_skips"):
    card = training.load_card(name)
    score = card.scores["membrane_iou"]
    print(f"{name:22} membrane IoU {score.mean:.3f} +- {score.spread:.3f}, {len(card.seeds)} seeds, {card.test} test pictures")
print(f"{card.steps} steps, {card.date}, {card.device}", *card.citation.split("; "), sep="\n")

# %% [markdown]
# > **Predict first.** The network without skips has to draw the membranes from maps of an eighth of the size. What will they look like?

# %%
sections = datasets.load("em_isbi2012", split="test", size=(256, 256), source="auto")
section = sections[0]
trained = {name: training.load_checkpoint(name, source=sections.source).model.eval() for name in ("em_unet", "em_unet_without_skips")}
with torch.no_grad():
    membrane = {name: network(section.image[None])[0].softmax(0)[1] for name, network in trained.items()}
plot.show(plot.pictures(section.image[0], *membrane.values(), section.mask == 1, titles=["section", "with skips", "without", "truth"]),
          alt="A section through cells, the probability of membrane by the network with skips and by the one without, and the true membranes")

# %%
for name, probability in membrane.items():
    found, truth = probability > 0.5, section.mask == 1
    print(f"{name:22} membrane IoU on this picture {(found & truth).sum() / (found | truth).sum():.3f}")

# %% [markdown]
# Without skips they are drawn as with a broad pen: the specks go, and so do the thin membranes. One picture proves nothing, and the drawn sections are easier than real ones: there the two may come out alike. Trust the table above, with its seeds and its spread.

# %% [markdown]
# ## 9. A large picture on a small card
#
# Inference on a whole section needs memory for all of it at once. Tiles need memory for one tile. Each tile takes a margin along that covers half of the receptive field, so that no kept pixel sees the cut. (Tiles must begin at a multiple of 8, the network's total stride, so that the poolings fall as before.)
#
# > **Predict first.** By how much do the scores change, away from the border of the picture? And the memory?

# %%
network = trained["em_unet"]
field = segviz.receptive_field(network, (1, 256, 256)).layers[-1].largest[0]
margin = 8 * math.ceil(field / 2 / 8)
large = section.image[None].repeat(1, 1, 2, 2)  # 512 x 512
with torch.no_grad():
    whole = network(large)
tiles = postprocessing.overlap_tile(network, large, tile_size=64, margin=margin)
inside = (..., slice(margin, -margin), slice(margin, -margin))

# %% tags=["nbval-check-output"]
side = 64 + 2 * margin
peaks = [segviz.cost(network, (1, n, n)) for n in (512, side)]
print(f"an output sees up to {field} pixels, margin {margin}, a tile with its margin {side} x {side}")
print(f"memory: {peaks[0].peak_bytes / 2**20:.1f} MiB for the whole, {peaks[1].peak_bytes / 2**20:.1f} MiB for a tile")
print(f"work: {64 * peaks[1].multiply_adds / peaks[0].multiply_adds:.1f} times as much in tiles")
print("the same scores inside:", torch.allclose(tiles[inside], whole[inside], atol=1e-4))

# %% [markdown]
# The memory of a tile is the same for a picture of any size. The price is work: the margins are computed again and again. Larger tiles waste less. (At the picture's border the two differ: tiles continue it as in a mirror, the whole pads with zeros.)

# %% [markdown]
# ## 10. Four things that are often believed
#
# **'Few parameters, little memory.'** Compare the network with the most parameters to the one with the largest training memory among those for pictures:

# %% tags=["nbval-check-output"]
flat = {name: bill for name, bill in bills.items() if name != "V-Net"}
for what in ("parameters", "kept_bytes"):
    name = max(flat, key=lambda one: getattr(flat[one], what))
    print(f"most {what:10}: {name}, {flat[name].parameters / 1e6:.0f} M parameters, {flat[name].kept_bytes / 2**20:.0f} MiB kept")

# %% [markdown]
# **'Few multiply-adds, little memory.'** DeepLab v3+ takes depthwise convolutions, which do little work on each map. The maps are as large as ever:

# %% tags=["nbval-check-output"]
for name in ("DeepLab v2", "DeepLab v3+", "U-Net"):
    bill = bills[name]
    print(f"{name:12} {bill.multiply_adds / 1e9:6.1f} G multiply-adds, {bill.kept_bytes / 2**20:5.0f} MiB kept,"
          f" {bill.multiply_adds / bill.kept_bytes:4.0f} multiply-adds per byte kept")

# %% [markdown]
# **'A larger network sees more.'** Eight times the channels, the same pixels:

# %% tags=["nbval-check-output"]
for channels in (8, 64):
    network = made("unet", width=channels)
    field = segviz.receptive_field(network, (1, 572, 572), layer="down.4").size[0]
    print(f"U-Net with {channels:2} channels at the top: {segviz.cost(network, (1, 572, 572)).parameters:10,} parameters, the bottom sees {field} pixels")

# %% [markdown]
# **'Skips are expensive: they hold large maps.'** Training holds these maps anyway, for the backward pass. The skips of FCN add a few small score maps; here is what they cost the original network. (U-Net's skips join whole maps, so they cost more: section 8.)

# %% tags=["nbval-check-output"]
for name in ("fcn32s", "fcn16s", "fcn8s"):
    bill = segviz.cost(made(name), (3, 500, 500))
    print(f"{name:6} {bill.parameters:,} parameters, {bill.multiply_adds / 1e9:.2f} G multiply-adds, {bill.kept_bytes / 2**20:.1f} MiB kept")

# %% [markdown]
# ## 11. Guidelines
#
# | guideline | why, in numbers |
# |---|---|
# | Be aware of the size of your network: count before you train. | One call, no memory needed; 11,144,832 bytes were counted for a small U-Net, and torch put aside 11,144,832 (section 6). |
# | Ask which bill you can't pay. | U-Net's bottom level has 45.6 % of the weights and 0.9 % of the memory, its first level 0.1 % and 30 % (section 3). |
# | Memory too small: crop first. | DeepLab v2 on crops of 321 instead of 513 needs 44 % (section 7). |
# | Half the channels quarter the weights and the work, and halve the maps. | Twice the channels: 4.00, 4.00 and 2.00 times as much (section 2); the receptive field stays (section 10). |
# | Gathering information at different resolution is usually a good strategy. | Down-and-up sees 91 pixels and more with about a hundredth of the work of 45 full layers; skips bring membrane IoU from about 0.50 to 0.60 (section 8). |
# | Infer in tiles when the picture is large. | 9.6 MiB instead of 81.0, and the same scores, for 7.6 times the work (section 9). |
# | Compare counts only with the picture's size and the way of counting beside them. | 'ResNet-101' of one paper: 92.8, 97.8 or 101.3 G (section 5). |

# %% [markdown]
# ## 12. Further reading
#
# - V. Sze, Y.-H. Chen, T.-J. Yang, J. Emer: *Efficient processing of deep neural networks: a tutorial and survey*, Proceedings of the IEEE 2017. Why moving numbers costs more than multiplying them.
# - T. Chen, B. Xu, C. Zhang, C. Guestrin: *Training deep nets with sublinear memory cost*, 2016. Keep fewer maps and compute the others again: memory for time.
# - P. Micikevicius and others: *Mixed precision training*, ICLR 2018. Half the bytes for each map.
# - A. Canziani, A. Paszke, E. Culurciello: *An analysis of deep neural network models for practical applications*, 2016. Accuracy against size, work, memory and power.
# - V. Badrinarayanan, A. Kendall, R. Cipolla: *SegNet*, PAMI 2017. Its table of time and memory compares SegNet and FCN with two others.
# - A. Araujo, W. Norris, J. Sim: *Computing receptive fields of convolutional neural networks*, Distill 2019.

# %% [markdown]
# ## 13. Train it yourself
#
# How small may a network be? Off by default. Set `TRAIN = True` and run the cells: U-Nets of three widths learn to find membranes, with the same steps. It uses the GPU if there is one; without one it takes less than a minute.

# %%
TRAIN = False

def draw(samples, tile=128):
    images, masks = (torch.stack(parts) for parts in zip(*[(one.image, one.mask) for one in samples], strict=True))
    def four_tiles(generator):
        picks = [torch.randint(n, (4,), generator=generator).tolist() for n in (len(images), 256 - tile, 256 - tile)]
        places = [(i, ..., slice(r, r + tile), slice(c, c + tile)) for i, r, c in zip(*picks, strict=True)]
        return torch.stack([images[place] for place in places]), torch.stack([masks[place] for place in places])
    return four_tiles

# %%
if TRAIN:
    tiles = draw(list(datasets.load("em_isbi2012", split="train", size=(256, 256), source="auto")))
    for width in (4, 8, 16):
        network = models.create("unet", width=width, depth=3, padded=True, seed=0)
        training.fit(network, tiles, losses.cross_entropy, steps=150, learning_rate=1e-2, schedule="one_cycle")
        with torch.no_grad():
            found = network.cpu().eval()(section.image[None])[0].argmax(0) == 1
        both, either = (found & (section.mask == 1)).sum(), (found | (section.mask == 1)).sum()
        print(f"width {width:2}: {segviz.cost(network, (1, 256, 256)).parameters:7,} parameters, membrane IoU {both / either:.3f}")

# %% [markdown]
# **Exercises:** [09 Network size](exercises/09_network_size.ipynb): count what a layer has to learn, what it has to compute and what a stack has to remember, and have it checked.
