"""Street scenes from a driver's seat: the stand-in for ``camvid``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..samples import VOID, Sample
from ._fields import Field, Size, blurred_noise, check_request, generator, to_sample
from ._street.canvas import CAR, TREE, Canvas, Tag
from ._street.ground import draw_ground, draw_layout
from ._street.plots import lawns_of, plan_sides
from ._street.population import draw_sides, place_things
from ._street.sky import draw_far_end, draw_light, draw_sky
from ._street.stage import Camera, Stage, tiling_noise

_PAIRS = (slice(None, -1), slice(1, None))  # each pixel and the next one


def streets(n: int, size: tuple[int, int] = (360, 480), seed: int = 0) -> list[Sample]:
    """Draw street scenes in perspective, labelled with CamVid's eleven classes.

    Houses, parks, parked and moving cars, people, bicycles, signs, poles and fences stand on a
    ground plane under one of five weathers, and are drawn from far to near through a pinhole.
    Walls and road, clothes and cars, leaves and fences share their colours: shape and place tell
    them apart. As people label by hand, the disc of a bicycle wheel and the gaps of railings count
    as the object. Void are bins, our own bonnet, and, from 180 rows, the seams of trees and cars.

    Args:
        n: number of pictures, from 1.
        size: ``(height, width)`` in pixels, each from 32; the scene scales with it.
        seed: from 0; picture i depends on ``(seed, i)`` and ``size`` only.

    Returns:
        n samples: image float32 (3, H, W) in 1/255 steps; mask int64 (H, W), 0 to 10 = sky,
        building, pole, road, pavement, tree, sign, fence, car, pedestrian, bicyclist, 255 = void;
        instances int32 (H, W), one number per car, pedestrian and bicyclist, 0 elsewhere.

    Raises:
        TypeError: ``n``, ``size`` or ``seed`` is not made of ints.
        ValueError: ``n`` < 1, a side < 32, or ``seed`` < 0.

    >>> one = streets(1, size=(60, 80), seed=0)[0]
    >>> one.image.shape, one.mask.shape
    (torch.Size([3, 60, 80]), torch.Size([60, 80]))
    """
    n, size, seed = check_request(n, size, seed)
    return [_scene(generator(seed, i), size, f"street-{seed}-{i}") for i in range(n)]


def _scene(rng: np.random.Generator, size: Size, name: str) -> Sample:
    stage = Stage(
        rng, Canvas.blank(size), _draw_camera(rng, size), draw_light(rng), tiling_noise(rng)
    )
    layout = draw_layout(rng)
    plots = plan_sides(rng, layout)
    draw_sky(stage)
    draw_ground(stage, layout, lawns_of(plots))
    draw_far_end(stage, layout.end)
    draw_sides(stage, layout, plots)
    for _, draw in sorted(place_things(stage, layout, plots), key=lambda thing: -thing[0]):
        draw()
    _draw_bonnet(stage)
    label, instances = _with_void_seams(stage.canvas)
    return to_sample(name, _photograph(rng, stage.canvas.colour), label, instances)


def _draw_camera(rng: np.random.Generator, size: Size) -> Camera:
    """A lens of about 50 degrees behind the windscreen, looking almost straight ahead."""
    height, width = size
    return Camera(
        focal=rng.uniform(0.95, 1.1) * max(width, 4 / 3 * height),
        horizon=height * rng.uniform(0.44, 0.54),
        centre=width * rng.uniform(0.38, 0.62),
        height=rng.uniform(1.25, 1.6),
    )


def _draw_bonnet(stage: Stage) -> None:
    """In a third of the pictures our own bonnet reaches into view; it has no class."""
    height, width = stage.canvas.size
    if stage.rng.random() > 0.35:
        return
    top = stage.rng.uniform(0.90, 0.97) * height
    dark = np.full(3, stage.rng.uniform(0.03, 0.2))
    shine = 0.4 * stage.light.horizon * stage.light.ambient

    def paint(row: Field, column: Field) -> Field:
        share = np.exp(-(row - top) / (0.02 * height))
        return np.asarray(dark + share[:, None] * shine)

    centre = (top + 2.0 * height, width * stage.rng.uniform(0.4, 0.6))
    stage.canvas.ellipse(centre, (2.0 * height, 2.2 * width), paint, Tag(VOID))


def _with_void_seams(canvas: Canvas) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Leave the seam around trees and cars undecided, as people do who label by hand."""
    label = canvas.label.copy()
    if canvas.size[0] >= 180:
        for axis in (0, 1):
            before, after = (np.swapaxes(canvas.label, 0, axis)[part] for part in _PAIRS)
            soft = np.isin(before, (TREE, CAR)) | np.isin(after, (TREE, CAR))
            np.swapaxes(label, 0, axis)[:-1][(before != after) & soft] = VOID
    return label, _renumbered(np.where(label == VOID, 0, canvas.instances))


def _renumbered(instances: NDArray[np.int32]) -> NDArray[np.int32]:
    """Count the objects that can be seen from 1, far to near."""
    seen = np.bincount(instances.ravel()) > 0
    seen[0] = False
    return np.where(seen, np.cumsum(seen), 0).astype(np.int32)[instances]


def _photograph(rng: np.random.Generator, colour: Field) -> Field:
    """Exposure, bloom of the bright sky, blur of the lens, its dark corners, noise."""
    height, width, _ = colour.shape
    metered = float(colour[height // 3 :].mean())
    exposed = colour * np.sqrt(rng.uniform(0.30, 0.46) / max(metered, 0.05))
    glare = np.maximum(exposed.mean(axis=2) - 0.75, 0)
    bloom = ndimage.gaussian_filter(glare, height / 40, truncate=2.0)
    sigma = rng.uniform(0.35, 0.75)
    lens = ndimage.gaussian_filter(exposed + 0.35 * bloom[..., None], (sigma, sigma, 0))
    row, column = np.arange(height)[:, None] / height, np.arange(width)[None, :] / width
    corners = 1 - rng.uniform(0.1, 0.35) * ((row - 0.5) ** 2 + (column - 0.5) ** 2)
    linear = np.clip(lens * corners[..., None], 0, 1)
    toned = linear * (1 - rng.uniform(-0.05, 0.2) * (1 - linear))
    luma = blurred_noise(rng, (height, width), 0.5)[..., None]
    return np.asarray(toned + 0.011 * luma + 0.005 * rng.standard_normal(colour.shape))
