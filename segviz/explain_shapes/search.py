"""Find the input sizes nearest to one that does not fit: run the network on sizes alone."""

from __future__ import annotations

from segviz._trace import MetaNetwork, ShapeClash, Trace

MOST_RUNS = 130  # in one direction, 2 to 50 ms each; enough for a stride of 128
FARTHEST = 4096  # pixels from the size asked for


def nearest_size(
    network: MetaNetwork, size: tuple[int, ...], first: ShapeClash, direction: int
) -> tuple[int, ...] | None:
    """Return the nearest larger (direction 1) or smaller (-1) size of the picture that works.

    Each axis moves by itself, and only as long as the clash that is met lies on it. Where it is
    not known on which, as with dense layers, each is tried alone, with all others as long as it;
    where that finds no size that works, all move together. A size at which the sum that clashed
    first would only repeat a single row does not count, nor one at which rows and columns have
    moved into the batch.

    Returns:
        The size (N, C, ...), or None if there is none within reach.
    """
    if first.axes is None and len(set(size[2:])) > 1:
        alone = _axis_by_axis(network, size, direction)
        if alone is not None and _Search(network, alone, first, direction).clash() is None:
            return alone
    return _Search(network, size, first, direction).run()


def _axis_by_axis(
    network: MetaNetwork, size: tuple[int, ...], direction: int
) -> tuple[int, ...] | None:
    """The size whose axes each work where all are equal, moved only where they must."""
    found = []
    for n in size[2:]:
        equal = (*size[:2], *[n] * len(size[2:]))
        try:
            network.trace(equal)
        except ShapeClash as clash:
            near = _Search(network, equal, clash, direction).run()
            if near is None:
                return None
            n = near[-1]
        found.append(n)
    return (*size[:2], *found)


class _Search:
    """A size on its way from the one asked for into one direction."""

    def __init__(
        self, network: MetaNetwork, size: tuple[int, ...], first: ShapeClash, direction: int
    ) -> None:
        self.network, self.size, self.direction = network, size, direction
        self.start, self.first, self.runs = size, first, 0

    def run(self) -> tuple[int, ...] | None:
        """Return the first size on the way that works, None if there is none within reach."""
        while self.runs < MOST_RUNS:
            clash = self.clash()
            if clash is None:
                return self.size
            if clash.axes is None and self.make_equal():
                continue
            if clash.axes == () or clash.needs == -self.direction or not self.move(clash):
                return None
        return None

    def clash(self) -> ShapeClash | None:
        """Return what stops the network at the size reached, None if nothing does."""
        self.runs += 1
        try:
            trace = self.network.trace(self.size)
        except ShapeClash as clash:
            return clash
        return None if self._sound(trace) else ShapeClash(self.first.reason, self.first.axes)

    def _sound(self, trace: Trace) -> bool:
        """Return False where torch goes on with something else than was meant."""
        output = trace.outputs[0].size
        if self.first.axes is None and len(output) == 2 and output[0] != self.size[0]:
            return False
        clashed = trace.steps[len(self.first.steps) :][:1]
        return not any(s.pointwise and len({value.size for value in s.inputs}) > 1 for s in clashed)

    def move(self, clash: ShapeClash) -> bool:
        """Move on to the next size that may work; False if there is none within reach."""
        if len(self.size) == 2:
            return False  # features alone, without rows and columns
        if clash.axes is None:
            groups = [tuple(range(2, len(self.size)))]
        else:
            groups = [(max(axis + len(self.size), 2),) for axis in clash.axes]
        if clash.needs == 0:
            return self._shift([dim for group in groups for dim in group], 1)
        return all(self._leap(group) for group in groups)

    def make_equal(self) -> bool:
        """Make the picture square, as wide as the wider side if smaller ones are looked for."""
        before, spatial = self.size, self.size[2:]
        side = max(spatial, default=0) if self.direction < 0 else min(spatial, default=0)
        self.size = (*self.size[:2], *[side] * len(spatial))
        return self.size != before

    def _shift(self, dims: list[int] | tuple[int, ...], by: int) -> bool:
        moved = list(self.size)
        for dim in dims:
            moved[dim] += by * self.direction
        if any(n < 1 or abs(n - old) > FARTHEST for n, old in zip(moved, self.start, strict=True)):
            return False
        self.size = tuple(moved)
        return True

    def _leap(self, dims: tuple[int, ...]) -> bool:
        """Move to the first size that is no longer too small (or too large) along these axes.

        Everything on the way is too small, so steps may double; then halve to find the first.
        """
        step = 1
        while self._still_wrong(dims):
            if not self._shift(dims, step):
                return False
            step *= 2
        while step > 1:
            step //= 2
            reached = self.size
            if not self._shift(dims, -step) or self._still_wrong(dims):
                self.size = reached
        return True

    def _still_wrong(self, dims: tuple[int, ...]) -> bool:
        clash = self.clash()
        if clash is None or clash.needs != self.direction:
            return False
        return clash.axes is None or any(max(a + len(self.size), 2) in dims for a in clash.axes)
