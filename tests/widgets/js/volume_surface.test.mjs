import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { fillTriangles, legal, project, viewAxes } = await load("volume_legend.js", "volume_surface.js");

const scene = { spacing: [1, 1, 2], centre: [1, 1, 2], radius: 4, light: [0, 0, 1, 0.5] };
const colours = Object.assign(Uint8Array.from([200, 100, 0, 0, 0, 100]), { shape: [2, 3] });
const spots = (n) => Object.fromEntries(["x", "y", "near", "shade"].map((k) => [k, new Float32Array(n)]));
const close = (one, other) => assert.ok(Math.abs(one - other) < 1e-5, `${one} and ${other}`);

test("from the far end of axis 0, axis 1 goes to the right and axis 2 up", () => {
  viewAxes(0, 0).flat().forEach((one, i) => close(one, [0, 1, 0, 0, 0, 1, 1, 0, 0][i]));
});

test("corners are half voxels, placed in the units of the spacing", () => {
  // Two pixels a unit: the corner (1, 2, 3) is 1 right and 1 above the centre, as near as it.
  const mesh = { corners: Uint8Array.from([2, 4, 3]), normals: Int8Array.from([127, 0, 0]) };
  const spot = spots(1);
  project(mesh, scene, viewAxes(0, 0), 16, spot);
  [[spot.x, 10], [spot.y, 6], [spot.near, 0], [spot.shade, 1]].forEach(([one, wanted]) => close(one[0], wanted));
});

test("what turns away from the light keeps the light from everywhere", () => {
  const mesh = { corners: Uint8Array.from([2, 4, 3]), normals: Int8Array.from([-127, 0, 0]) };
  const spot = spots(1);
  project(mesh, scene, viewAxes(0, 0), 16, spot);
  close(spot.shade[0], 0.5);
});

// A square of side 4 in two triangles, wound so that it faces the reader (rows go down).
const square = (near) => ({ x: [0, 4, 4, 0], y: [0, 0, 4, 4], near: Array(4).fill(near), shade: Array(4).fill(0.5) });
const faces = [0, 1, 2, 0, 2, 3];
const paint = (mesh, spot) => {
  const pixels = new Uint8ClampedArray(64 * 4);
  fillTriangles(mesh, spot, colours, 8, pixels, new Float32Array(64));
  return (row, column) => [...pixels.slice(4 * (8 * row + column), 4 * (8 * row + column) + 4)];
};

test("a square covers its pixels, without a gap between its triangles, and no other", () => {
  const at = paint({ faces, labels: [1, 1, 1, 1] }, square(0));
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) {
      assert.deepEqual(at(row, column), row < 4 && column < 4 ? [100, 50, 0, 255] : [0, 0, 0, 0]);
    }
  }
});

test("the nearer of two squares stays, whichever is drawn first", () => {
  for (const [first, second] of [[0, 1], [1, 0]]) {
    const both = Object.fromEntries(["x", "y", "near", "shade"].map(
      (name) => [name, [...square(first)[name], ...square(second)[name]]]));
    const at = paint({ faces: [...faces, ...faces.map((one) => one + 4)], labels: [1, 1, 1, 1, 2, 2, 2, 2] }, both);
    assert.deepEqual(at(1, 1), first > second ? [100, 50, 0, 255] : [0, 0, 50, 255]);
  }
});

test("what turns its back is left out", () => {
  const at = paint({ faces: faces.toReversed(), labels: [1, 1, 1, 1] }, square(0));
  assert.deepEqual(at(1, 1), [0, 0, 0, 0]);
});

test("turning goes round and ends above and below", () => {
  assert.deepEqual(legal(-3, 95), { around: 358, above: 90 });
  assert.deepEqual(legal(361, -91.4), { around: 2, above: -90 });
});
