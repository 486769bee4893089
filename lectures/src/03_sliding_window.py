# %% [markdown]
# # 03 Sliding window
#
# After this lecture you can
#
# - **write** the loop that turns any classifier of patches into a segmentation, border included;
# - **judge** a class map by its pixel error and its IoU, and say why one of them alone deceives;
# - **count** how often such a loop computes the same value again, layer by layer.
#
# *How to use this page:* run the cells from top to bottom (Shift+Enter). Stop at each **Predict first** and write your answer down before you go on.

# %%
import time

import numpy as np
import torch
from torch import nn

import segviz
from segviz import datasets, models, ops, plot, training, widgets
from segviz.ops.recomputation import times_computed, window_layers

# %% [markdown]
# ## 1. A class for every pixel
#
# **Semantic segmentation** gives each pixel of a picture a class. Here are thin sections of nerve tissue in the electron microscope. There are two classes: *inside* of a cell (0) and *membrane* (1). Whoever knows all the membranes knows which cell touches which: that is how wiring diagrams of brains are made.

# %%
def first_section(samples):
    return samples[0].image[0, :512, :512].numpy(), samples[0].mask[:512, :512].numpy()

train, test = (datasets.load("em_vnc", split=split) for split in ("train", "test"))
train_image, train_truth = first_section(train)
image, truth = first_section(test)
plot.show(plot.pictures(image, truth, titles=["section", "truth: membrane is white"]),
          alt="A grey section full of cells, and the thin network of their membranes")

# %% [markdown]
# How good is an answer? Two numbers, both from counting pixels:
#
# $$\text{pixel error} = \frac{\text{wrong pixels}}{\text{all pixels}} \qquad \text{IoU} = \frac{\text{pixels that both call membrane}}{\text{pixels that at least one calls membrane}}$$
#
# IoU stands for *intersection over union*. It is 1 for a perfect answer and 0 if no membrane was found.

# %%
def scores(answer, truth):
    both = np.sum((answer == 1) & (truth == 1))
    either = np.sum((answer == 1) | (truth == 1))
    return {"pixel error": np.mean(answer != truth), "IoU": both / either}

def report(name, answer, truth):
    measured = scores(answer, truth)
    print(f"{name:26}", *(f"{key} {value:.3f}  " for key, value in measured.items()))

# %% [markdown]
# ## 2. What one pixel alone can tell
#
# Membranes are dark. So call membrane what is darker than some threshold. We take the threshold that is best on one section and try it on another one.
#
# > **Predict first.** Which pixel error do you expect: below 5 %, around 15 %, or above 30 %? And for the answer 'inside' everywhere, without looking: which pixel error is that, and which IoU?

# %%
levels = np.arange(40, 200, 4) / 255
ious = [scores(train_image < level, train_truth)["IoU"] for level in levels]
threshold = levels[np.argmax(ious)]
dark = (image < threshold).astype(int)
report("inside everywhere", np.zeros_like(truth), truth)
report(f"darker than {threshold:.2f}", dark, truth)
plot.show(plot.pictures(image, dark, truth, titles=["section", "dark pixels", "truth"]),
          alt="Dark are the membranes, but also grains, vesicles and mitochondria")

# %% [markdown]
# Two lessons. First, **the pixel error deceives** where one class is rare: knowing nothing at all gives a pixel error not far from that of the threshold. The IoU tells them apart. Second, dark is not enough: grains and organelles are as dark as membranes.

# %% [markdown]
# ## 3. The same grey, two answers
#
# Below are two pixels of *exactly* the same grey value. One lies on a membrane, the other deep inside a cell. What helps is to look at the surroundings.
#
# > **Predict first.** From which window size on can *you* tell which row is the membrane?

# %%
from scipy import ndimage

depth = ndimage.distance_transform_edt(truth == 0)[40:-40, 40:-40]
wall = ndimage.distance_transform_edt(truth)[40:-40, 40:-40]
grey = np.rint(255 * image)[40:-40, 40:-40]
inside = np.argwhere((depth > 8) & (grey <= np.rint(255 * threshold)))[0]
membrane = np.argwhere((wall > 2) & (grey == grey[tuple(inside)]))[0]
for name, place in {"inside": inside + 40, "membrane": membrane + 40}.items():
    plot.show(plot.patches(image, place, [1, 9, 17, 33, 65]),
              alt=f"A pixel ({name}) in growing windows; alone it is a plain grey square")

# %% [markdown]
# Alone, the two pixels are the same square. With some tens of pixels around them, you see a line that goes on, or a spot that does not. So the plan is:
#
# 1. **Extract a patch** around a pixel.
# 2. **Classify the pixel at its centre**, from the whole patch.
# 3. **Repeat for all pixels.**
#
# $$\text{class}[r, c] = \operatorname{argmax}_k\; f_k\big(\,x[r - m \ldots r + m,\;\; c - m \ldots c + m]\,\big), \qquad m = \frac{\text{window} - 1}{2}$$
#
# That is the **sliding window**. In 2012 it won the challenge for membranes in electron microscopy (Ciresan et al.), with a convolutional network as the classifier $f$.

# %% [markdown]
# ## 4. The loop
#
# All of the method fits in these lines. Beyond the border of the picture it is continued as in a mirror, so that the first pixel has a whole patch, too.

# %%
def sliding_window(classify, image, window):
    padded = np.pad(image, window // 2, mode="reflect")
    answer = np.zeros(image.shape, dtype=int)
    for r in range(image.shape[0]):
        for c in range(image.shape[1]):
            patch = padded[r:r + window, c:c + window]  # 1. extract a patch
            answer[r, c] = classify(patch)              # 2. classify its central pixel
    return answer                                       # 3. for all pixels

# %% [markdown]
# `classify` may be *any* function from a patch to a class. The loop does not care. Our threshold is one, too: it looks at the middle and forgets the rest.

# %% tags=["nbval-check-output"]
crop = image[300:364, 20:84]
by_loop = sliding_window(lambda patch: patch[16, 16] < threshold, crop, window=33)
np.array_equal(by_loop, crop < threshold)

# %% [markdown]
# ## 5. A network as the classifier
#
# Convolution and pooling in turn, as in lecture 02, until hardly anything is left of the patch; then two dense layers that decide. No padding anywhere.
#
# > **Predict first.** The patch is 33 pixels wide. A 4x4 convolution, then 2x2 pooling, three times (the last kernel is 5x5). Write down the seven sizes.

# %% tags=["nbval-check-output"]
classifier = nn.Sequential(
    nn.Conv2d(1, 24, 4), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(24, 24, 4), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(24, 24, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(24, 64), nn.ReLU(), nn.Linear(64, 2))
patch = torch.zeros(1, 1, 33, 33)
for layer in classifier:
    patch = layer(patch)
    if isinstance(layer, (nn.Conv2d, nn.MaxPool2d, nn.Linear)):
        print(f"{type(layer).__name__:10}", " x ".join(map(str, patch.shape[1:])))

# %% [markdown]
# The maps shrink, 33, 30, 15, 12, 6, 2, 1, while the channels grow from 1 to 24. At the end two scores are left: one for *inside*, one for *membrane*. The larger one wins.
#
# The weights were learned from patches of the training sections (section 12 lets you do it yourself). Each trained network of this course has a card that says how it came about and what it reaches.

# %%
checkpoint = training.load_checkpoint("patch_to_fcn", source=test.source)
classifier.load_state_dict(checkpoint.model.state_dict())
print(f"{sum(weight.numel() for weight in classifier.parameters()):,} weights")
print(checkpoint.card)

# %% [markdown]
# If you work with drawn pictures, that was the network for drawn pictures. This is the card of its twin for the real ones. The number behind +- is the spread between trainings that differ by chance alone.

# %%
print(training.load_card("patch_to_fcn"))

# %% [markdown]
# Now the loop, with the network as `classify`. We run it on a piece of 64 x 64 pixels and look at the clock.
#
# > **Predict first.** How long will the whole section of 512 x 512 pixels take: seconds, minutes, or an hour?

# %%
def by_network(patch):
    with torch.no_grad():
        return int(classifier(torch.from_numpy(patch)[None, None]).argmax())

# %%
torch.set_num_threads(1)  # one patch is too little work to be shared out
start = time.perf_counter()
answer = sliding_window(by_network, crop, window=33)
seconds = time.perf_counter() - start
whole = seconds * image.size / crop.size
print(f"{crop.size:,} pixels in {seconds:.1f} s, {1000 * seconds / crop.size:.2f} ms each")
print(f"all {image.size:,} pixels: {whole / 60:.1f} minutes (extrapolated, not run)")

# %% [markdown]
# We don't wait for that. Lecture 04 rebuilds the same network so that it gives the same answers in one go. Today we only borrow it, to see the whole section:

# %%
dense = models.to_fully_convolutional(classifier)

def borrowed(picture):
    with torch.no_grad():
        return dense(torch.from_numpy(picture)[None, None])[0].argmax(0).numpy()

same = np.mean(borrowed(crop) == answer)
print(f"the same answer as the loop at {same:.2%} of the pixels")
result = borrowed(image)

# %%
report("inside everywhere", np.zeros_like(truth), truth)
report("one pixel: threshold", dark, truth)
report("33 x 33 pixels: network", result, truth)
plot.show(plot.pictures(dark, result, truth, titles=["threshold", "network", "truth"]),
          alt="The network's membranes are clean lines, but have gaps against the truth")

# %% [markdown]
# The organelles are mostly gone, and the lines hang together better. It is not perfect: look for gaps in membranes, because through each gap two cells run into one.

# %% [markdown]
# ## 6. The bill
#
# > **Predict first.** The window stands on one pixel, then on its right neighbour. Which share of the second patch was in the first one already? And how often is a pixel in the middle of the picture read until the loop is done?

# %% tags=["nbval-check-output"]
reads = times_computed(512, outputs=33)  # along one axis: 512 places, 33 pixels each
print(f"shared with the neighbour: {32 / 33:.0%}")
print("along one axis, from the border inwards:", reads[:6], "...", reads[200:203])
print("in the picture, at most:", np.outer(reads, reads).max())

# %% [markdown]
# Nearly every pixel is read 1,089 times. Reading is cheap. But the same holds for what is *computed* from the pixels. Take two patches, two pixels apart, and look at the maps after the first pooling:

# %% tags=["nbval-check-output"]
row = torch.from_numpy(crop)[None, None, :33]
first, second = (classifier[:3](row[..., left:left + 33]).detach() for left in (0, 2))
same = torch.allclose(second[..., :-1], first[..., 1:], atol=1e-6)
print("one column further, the maps are the same:", same)

# %% [markdown]
# So the second patch needs one new column of 15, and the network computes all 15 again. **Shared features are recomputed for each pixel.** How often? If a layer has $n_l \times n_l$ values in a window, $s_l$ pixels apart, each of them costing $m_l$ multiply-adds, then the loop over $H \times W$ pixels costs
#
# $$\text{patch by patch:}\quad H\,W \sum_l n_l^2\, m_l \qquad\qquad \text{each value once:}\quad \sum_l \big(H + (n_l - 1)\, s_l\big)\big(W + (n_l - 1)\, s_l\big)\, m_l$$
#
# The sums run over the layers. Each value is computed up to $n_l^2$ times.
#
# > **Predict first.** Which layer is recomputed most often: the first, or the last? And which one costs most?

# %% tags=["nbval-check-output"]
layers = window_layers(33, [  # name, kernel_size, stride, multiply-adds for one position
    ("convolution 1", 4, 1, 4 * 4 * 1 * 24), ("pooling 1", 2, 2, 0),
    ("convolution 2", 4, 1, 4 * 4 * 24 * 24), ("pooling 2", 2, 2, 0),
    ("convolution 3", 5, 1, 5 * 5 * 24 * 24), ("pooling 3", 2, 2, 0),
    ("dense 1", 1, 1, 24 * 64), ("dense 2", 1, 1, 64 * 2)])
for layer in layers:
    print(f"{layer.name:14} {layer.outputs:2} x {layer.outputs:2} in a window: "
          f"each computed up to {layer.outputs ** 2:5,} x")

# %%
along = {layer.name: times_computed(64, layer.outputs, layer.stride) for layer in layers}
shown = ["pixels", "convolution 1", "convolution 2", "convolution 3", "dense 1"]
plot.show(plot.recomputation({name: np.outer(along[name], along[name]) for name in shown}),
          alt="How often each value of a layer is computed: from 1,089 times down to once")

# %% tags=["nbval-check-output"]
size = (512, 512)
loop = sum(layer.in_the_loop(size) for layer in layers)
once = sum(layer.each_once(size) for layer in layers)
assert loop == size[0] * size[1] * segviz.cost(classifier, (1, 33, 33)).multiply_adds
print(f"patch by patch:  {loop / 1e9:7.1f} billion multiply-adds")
print(f"each value once: {once / 1e9:7.1f} billion: {loop / once:.1f} times fewer")

# %%
costly = [layer for layer in layers if layer.multiply_adds]
plot.show(plot.multiply_adds_by_layer(
    [layer.name for layer in costly], [layer.in_the_loop(size) for layer in costly],
    [layer.each_once(size) for layer in costly]),
    alt="Multiply-adds by layer: the loop wastes most in the first two layers")

# %% [markdown]
# The first layers are computed again most often, because their maps are largest in the window. The last layers have a single value per window: nothing is shared there, and nothing wasted.

# %% [markdown]
# ## 7. Watch it
#
# The window walks over a piece of the section. The class map fills in, and the heat map counts. Press *Play*, change the speed, drag the window, or step with the arrow keys.
#
# > **Predict first.** Set the heat map to *convolution 3*. How bright will it get, compared with *pixels*?

# %%
widgets.SlidingWindow(image[300:380, 20:100], classifier)

# %% [markdown]
# Try this:
#
# 1. Go to the very first pixel (Home) and step on. The ratio is 1 at the first step. How many steps until it is above 10?
# 2. Change the heat map from *pixels* down to *dense 1*. Where does the recomputing end?
# 3. At the end (End), move the cursor over the heat map of the *pixels*: why are the corners dark?

# %% [markdown]
# ## 8. Experiment: skip pixels
#
# The loop is too slow. So classify every 4th pixel only, in both directions, and enlarge the answer. That is 16 times cheaper.
#
# > **Predict first.** What will suffer first: thick membranes, thin ones, or the wide insides of the cells?

# %%
thick = ndimage.binary_opening(truth, np.ones((9, 9)))  # where a 9 x 9 square fits in
found = result == 1
kinds = {"thick": found & thick, "thin": found & (truth == 1) & ~thick}
for step in [1, 2, 4, 8]:
    coarse = ops.upsample_nearest(result[::step, ::step], step)
    kept = [f"{coarse[where].mean():.0%} of the {kind}" for kind, where in kinds.items()]
    iou = scores(coarse, truth)["IoU"]
    print(f"every {step}: {step ** 2:2} x cheaper, IoU {iou:.3f}, keeps {' and '.join(kept)}")

# %%
coarse = [ops.upsample_nearest(result[::step, ::step], step) for step in (1, 4, 8)]
plot.show(plot.pictures(*(part[300:492, 20:212] for part in [*coarse, truth]),
                        titles=["every pixel", "every 4th", "every 8th", "truth"]),
          alt="With pixels skipped, the membranes turn into steps, then into single blocks")

# %% [markdown]
# Cheap, but the fine structure goes first, and the fine structure is what we want: a membrane is a few pixels thin. (Lecture 04 meets the same trade again: a network that answers at every 8th pixel only, and what brings the detail back.)

# %% [markdown]
# ## 9. Four things that are often believed
#
# **'A bigger patch is always better.'** It holds all that the smaller one holds, and more. But the classifier must *learn* what to ignore. Here is the plainest classifier there is, one weight per pixel of the patch (least squares), taught with 2,000 labelled pixels:

# %%
def labelled(picture, classes, window, count, seed):
    pixels = np.random.default_rng(seed).integers(0, 512, size=(count, 2))
    image = torch.from_numpy(picture)[None]
    patches = models.extract_patches(image, torch.from_numpy(pixels), window).flatten(1)
    inputs = torch.cat([patches, torch.ones(count, 1)], dim=1)  # the 1 is for the constant
    return inputs, torch.from_numpy(classes[pixels[:, 0], pixels[:, 1], None]).float()

# %%
for window in [1, 9, 17, 25, 33, 41]:
    seen = labelled(train_image, train_truth, window, count=2000, seed=0)
    new = labelled(image, truth, window, count=4000, seed=1)
    weights = torch.linalg.lstsq(*seen, driver="gels").solution
    errors = [((x @ weights > 0.5) != y).float().mean() for x, y in (seen, new)]
    print(f"window {window:2}: error on the pixels it learned from {errors[0]:.3f}, "
          f"on new ones {errors[1]:.3f}")

# %% [markdown]
# On the pixels that it has seen the error falls to zero. On new ones it falls, then **rises** far above where it began: with more weights than the labelled pixels can pin down, the classifier learns them by heart. A convolutional network bears larger windows: its small kernels are used at every place of the patch, so each weight is learned from all of them. But a larger window is never free:

# %% tags=["nbval-check-output"]
for window in [17, 33, 65]:
    network = models.SlidingWindow(patch_size=window, width=24, hidden=64)
    cost = segviz.cost(network, (1, window, window))
    print(f"window {window}: {cost.parameters:,} weights, "
          f"{cost.multiply_adds:,} multiply-adds a pixel")

# %% [markdown]
# **'Most of the time goes into extracting patches.'** Cutting out a patch moves no data: it is only a view of the picture. Let the loop run with a `classify` that does nothing:

# %%
start = time.perf_counter()
sliding_window(lambda patch: 0, crop, window=33)
cutting = time.perf_counter() - start
print(f"extracting {1000 * cutting:.0f} ms, everything {1000 * seconds:.0f} ms: "
      f"{cutting / seconds:.2%} of the time")

# %% [markdown]
# **'Then classify many patches at once; that removes the waste.'** It may use the processor better, but it computes the same values again, only side by side. The number of multiply-adds does not change by one:

# %%
def timed(predict, *arguments):
    start = time.perf_counter()
    predict(*arguments)
    return time.perf_counter() - start

def in_batches(size):
    pictures = torch.from_numpy(crop)[None]
    models.predict_patches(classifier, pictures, patch_size=33, batch_size=size)

# %%
taken = {1: seconds, 64: timed(in_batches, 64), 4096: timed(in_batches, 4096)}
for size, sec in taken.items():
    each = segviz.cost(classifier, (size, 1, 33, 33)).multiply_adds / size
    print(f"batches of {size:5,}: {each:11,.0f} multiply-adds a pixel, {sec:5.2f} s")
sec = timed(borrowed, crop)
each = segviz.cost(dense, (1, *crop.shape)).multiply_adds / crop.size
print(f"each value once:  {each:11,.0f} multiply-adds a pixel, {sec:5.2f} s")

# %% [markdown]
# **'Pixels at the border cannot be classified.'** They can: the mirror gives them a patch, and membranes go on in the mirror much as they do in the tissue. What is the price?

# %%
rim = np.ones_like(truth, dtype=bool)
rim[16:-16, 16:-16] = False
for name, where in {"16 pixels along the border": rim, "all others": ~rim}.items():
    print(f"{name:27} pixel error {np.mean(result[where] != truth[where]):.3f}")
print(f"without the mirror {rim.mean():.0%} of the pixels would have no answer")

# %% [markdown]
# The mirror is a guess, so the border may do somewhat worse than the rest. But it stays far below the error of 'inside everywhere' (section 2), and every pixel has an answer.

# %% [markdown]
# ## 10. Guidelines
#
# First the pros and cons of the slides, each with the number that we measured above.
#
# | | | in numbers |
# |---|---|---|
# | **pro** | simple | The whole method is a function of 8 lines (section 4). |
# | **pro** | any classifier will do | A threshold and a network went through the same loop (sections 4 and 5); so would your own function. |
# | **con** | inefficient, slow | Minutes for one section of 512 x 512 (section 5); a real stack has thousands of larger ones. |
# | **con** | shared features are recomputed for each pixel | Pixels are read up to 1,089 times, values of the first layer computed up to 900 times; 65 times the multiply-adds needed in all (section 6). |
#
# What follows from them:
#
# - **Report IoU beside the pixel error.** Knowing nothing had an IoU of 0 and still a small pixel error (section 2).
# - **Take the window as large as *you* need to tell the classes apart** (section 3), not larger: it costs, and it must be learned (section 9).
# - **Do not save time by skipping pixels**: thin structures go first (section 8). Remove the waste instead: next lecture.

# %% [markdown]
# ## 11. Further reading
#
# - D. Ciresan, A. Giusti, L. Gambardella, J. Schmidhuber: *Deep neural networks segment neuronal membranes in electron microscopy images*, 2012. The method of this lecture; its largest window is 95 pixels wide.
# - F. Ning, D. Delhomme, Y. LeCun, F. Piano, L. Bottou, P. Barbano: *Toward automatic phenotyping of developing embryos from videos*, 2005. The same idea seven years earlier, and already computed without waste.
# - A. Giusti, D. Ciresan, J. Masci, L. Gambardella, J. Schmidhuber: *Fast image scanning with deep max-pooling convolutional neural networks*, 2013. How the authors themselves removed the waste.
# - S. Gerhard, J. Funke, J. Martel, A. Cardona, R. Fetter: *Segmented anisotropic ssTEM dataset of neural tissue*, 2013. The pictures.

# %% [markdown]
# ## 12. Train it yourself
#
# Off by default. Set `TRAIN = True` and run the cell. It uses the GPU if there is one; a laptop without one takes a minute or two. The weights and their card go into the folder `checkpoints` beside this notebook. Is your card within the spread of ours?

# %%
TRAIN = False
if TRAIN:
    print(*training.train("patch_to_fcn"), sep="\n")

# %% [markdown]
# **Exercises:** [03 Sliding window](exercises/03_sliding_window.ipynb): write the patch with its mirrored border, the class map, and the count of what is computed again, and have them checked.
#
# **Next:** [04 Fully convolutional](04_fully_convolutional.ipynb): the same network, the same answers, each value computed once.
