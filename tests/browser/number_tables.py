"""What a widget with tables of numbers shows, as the page has it."""

from __future__ import annotations

from itertools import combinations

# Where nobody types in, the cells are painted on a canvas: then the words are those of its name for
# a screen reader, and the look of a cell that of its pixels.
TEXTS = """table => {
  const cells = [...table.querySelectorAll('.segviz-cell')];
  if (cells.length) return cells.map((cell) =>
    cell.querySelector('input')?.value ?? cell.querySelector('span').textContent);
  const words = table.querySelector('canvas').ariaLabel;
  return words.slice(words.indexOf(': ') + 2).split(/[,;] /).map((one) => one.replace('empty', ''));
}"""
# Of each painted cell: the colours along its lower edge, which no number reaches, as red, green,
# blue and how opaque; and the places in it where there is ink.
PIXELS = """table => {
  const canvas = table.querySelector('canvas');
  const words = canvas.ariaLabel;
  const rows = words.slice(words.indexOf(': ') + 2).split('; ')
    .map((row) => row.split(', ').length);
  const [ratio, pen] = [devicePixelRatio, canvas.getContext('2d')];
  const [width, height] = [[canvas.width, rows[0]], [canvas.height, rows.length]]
    .map(([pixels, cells]) => (pixels / ratio - 1) / cells);
  const read = (x, y, w, h) => {
    const { data } = pen.getImageData(...[x, y, w, h].map((n) => Math.round(n * ratio)));
    return Array.from({ length: data.length / 4 }, (_, i) => [...data.slice(4 * i, 4 * i + 4)]);
  };
  // Well within a stroke: its edge takes on the colour of what lies below.
  const dark = ([red, green, blue, opaque]) => opaque > 190 && red + green + blue < 90;
  return rows.flatMap((columns, r) => Array.from({ length: columns }, (_, c) => {
    const [x, y] = [c * width, r * height];
    const edge = new Set(read(x + 2, y + height - 4, width - 4, 2).map(String));
    const middle = read(x + 0.15 * width, y + 0.35 * height, 0.7 * width, 0.5 * height);
    return { edge: [...edge].map((one) => one.split(',').map(Number)),
      ink: middle.flatMap((one, i) => (dark(one) ? [i] : [])) };
  }));
}"""
KINDS = """table => {
  const cells = [...table.querySelectorAll('.segviz-cell')];
  return cells.length ? cells.map((cell) => cell.dataset.kind) : null;
}"""
ORANGE = (230, 159, 0)


def scrubber(root):
    return root.get_by_label("Step", exact=True)


def note_labels(button):
    """Note each name of a button from now on: one that stands there shortly may not be met."""
    button.evaluate(
        """button => {
             window.labels = [];
             new MutationObserver(() => labels.push(button.ariaLabel))
               .observe(button, { attributeFilter: ['aria-label'] });
           }"""
    )


def wait_for_label(page, label):
    """Wait until one of the names noted is this one."""
    page.wait_for_function("label => labels.includes(label)", arg=label)


def texts_of(table):
    """The texts of a table's cells, '' where there is none, in one list."""
    return table.evaluate(TEXTS)


def texts(root, number):
    """The same of one of a widget's tables, by its number."""
    return texts_of(root.locator(".segviz-table").nth(number))


def looks_of(table):
    """Of each painted cell "" for none, "hatched", or its colour and how opaque, from 0 to 1."""
    return [_look(pixels["edge"]) for pixels in table.evaluate(PIXELS)]


def _look(edge):
    if len(edge) > 1:
        return "hatched"
    (*colour, opaque) = edge[0]
    return (tuple(colour), round(opaque / 255, 2)) if opaque else ""


def is_like(look, colour, opaque):
    """Whether a cell has this colour; a canvas keeps that of a veil to a few steps."""
    if isinstance(look, str):
        return False
    off = max(abs(one - other) for one, other in zip(look[0], colour, strict=True))
    return off <= 3 and abs(look[1] - opaque) < 0.02


def kinds(root, kind, number=0):
    """The places of the cells that a table shows as of this kind."""
    table = root.locator(".segviz-table").nth(number)
    found = table.evaluate(KINDS)
    if found is None:
        opaque = {"lit": 1, "seen": 0.3}[kind]
        return [i for i, look in enumerate(looks_of(table)) if is_like(look, ORANGE, opaque)]
    return [i for i, one in enumerate(found) if one == kind]


def assert_painted(table):
    """Equal texts are painted alike, others otherwise, and nothing where there is none."""
    shapes = {}
    for text, pixels in zip(texts_of(table), table.evaluate(PIXELS), strict=True):
        lit = is_like(_look(pixels["edge"]), ORANGE, 1)  # in bold type
        assert bool(pixels["ink"]) == bool(text), text
        ink = set(pixels["ink"])
        assert _shared(shapes.setdefault((text, lit), ink), ink) > 0.75, text
    for one, other in combinations([ink for ink in shapes.values() if ink], 2):
        assert _shared(one, other) < 0.75


def _shared(one, other):
    """How much of the ink is in both; stripes below the edge of a digit may darken that."""
    return len(one & other) / len(one | other) if one or other else 1
