"""The card of a checkpoint: what was trained on what, when, and what it reaches."""

from __future__ import annotations

import dataclasses
import json
import statistics
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Score:
    """One metric of a test split: of the weights that are kept, and of every seed.

    Examples
    --------
    >>> print(Score(0.48, seeds=(0.48, 0.50, 0.49)))
    0.480 (3 seeds: 0.490 +- 0.010)
    """

    weights: float
    seeds: tuple[float, ...] = ()

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return statistics.fmean(self.seeds)

    @property
    def spread(self) -> float:
        """Standard deviation over the seeds (of a sample, n - 1); 0 of a single one."""
        return statistics.stdev(self.seeds) if len(self.seeds) > 1 else 0.0

    def __str__(self) -> str:
        if len(self.seeds) < 2:
            return f"{self.weights:.3f}"
        return f"{self.weights:.3f} ({len(self.seeds)} seeds: {self.mean:.3f} +- {self.spread:.3f})"


@dataclass(frozen=True)
class Card:
    """How a network was trained and what it reaches on the test split.

    ``model`` and ``variant`` are what ``segviz.models.create`` takes; ``seed`` is that of the
    weights kept, ``seeds`` those of the spread; ``picture_size`` is (height, width), of a volume
    (depth, height, width); ``train`` and ``test`` count pictures; ``seconds`` is the mean time of a
    seed on ``device``; ``stored`` is how convolution weights are kept, and the scores are those of
    the weights as they are stored.
    """

    name: str
    recipe: str
    model: str
    variant: Mapping[str, Any]
    set: str
    source: str
    licence: str
    citation: str
    picture_size: tuple[int, ...]
    train: int
    test: int
    seed: int
    seeds: tuple[int, ...]
    steps: int
    seconds: float
    device: str
    torch: str
    date: str
    scores: Mapping[str, Score] = field(default_factory=dict)
    sha256: str = ""
    bytes: int = 0
    backbone: str = ""
    stored: str = "float32"

    def with_weights(self, **facts: Any) -> Card:
        """Return the card with what is known only once the weights are written."""
        return dataclasses.replace(self, **facts)

    def to_json(self) -> str:
        """Return the card as text."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Card:
        """Read a card.

        Raises
        ------
        ValueError, TypeError, KeyError
            If the text is no card.
        """
        entries = dict(json.loads(text))
        scores = {
            metric: Score(float(score["weights"]), tuple(map(float, score["seeds"])))
            for metric, score in entries["scores"].items()
        }
        for key in ("picture_size", "seeds"):
            entries[key] = tuple(map(int, entries[key]))
        card = cls(**{**entries, "scores": scores})
        for key in ("name", "recipe", "model", "source", "sha256", "backbone", "stored"):
            if not isinstance(getattr(card, key), str):
                raise TypeError(f"{key} is no text")
        if not isinstance(card.variant, dict):
            raise TypeError("variant is no object")
        return card

    def __str__(self) -> str:
        size = " x ".join(map(str, self.picture_size))
        kind = "pictures" if len(self.picture_size) == 2 else "volumes"
        lines = [
            f"{self.name}: {self.model} trained on {self.set} ({self.source}), "
            f"{self.train} {kind} of {size}, {self.steps} steps, seed {self.seed}, "
            f"{self.date}, {self.device}",
            f"on {self.test} test {kind}: "
            + ", ".join(f"{metric.replace('_', ' ')} {s}" for metric, s in self.scores.items()),
        ]
        if self.source == "real":
            lines.append(f"licence of the pictures: {textwrap.shorten(self.licence, 74)}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Evaluation:
    """What a checkpoint reaches here, beside its card."""

    card: Card
    scores: Mapping[str, float]
    missed: tuple[str, ...]

    @property
    def as_on_card(self) -> bool:
        """True if every score equals that of the card in the digits printed."""
        return all(
            metric in self.card.scores
            and f"{score:.3f}" == f"{self.card.scores[metric].weights:.3f}"
            for metric, score in self.scores.items()
        )

    def __str__(self) -> str:
        lines = [f"{self.card.name} on {self.card.test} test pictures ({self.card.source})"]
        lines += [
            f"  {metric:15} {score:.3f}   card {self.card.scores.get(metric, 'has none')}"
            for metric, score in self.scores.items()
        ]
        lines.append("  as on the card" if self.as_on_card else "  NOT as on the card")
        return "\n".join([*lines, *(f"  goal missed: {words}" for words in self.missed)])
