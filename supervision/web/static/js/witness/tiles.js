/**
 * Tiles of the log (C2SP tlog-tiles) that are believed only once they have been shown to belong to a root: the partial
 * tiles on the right edge together give it, every other tile is the hash that its parent holds. See events/tiles.py.
 */

import { equal, sha256 } from "./bytes.js";

const WIDTH = 256;
const HASH_BYTES = 32;
const NODE = Uint8Array.of(1);

export class BadTile extends Error {}

/** `fetchBytes(path)`: gives the bytes of `tile/…`, or null where there is none. */
export class TileReader {
  #fetchBytes;
  #size;
  #tiles = new Map();

  constructor(fetchBytes, size) {
    this.#fetchBytes = fetchBytes;
    this.#size = size;
  }

  /** Read the right edge. Throws BadTile unless it gives `root`. */
  async checkRoot(root) {
    const peaks = [];
    for (let level = 0, width = this.#size; width > 0; level += 1, width = Math.floor(width / WIDTH)) {
      if (width % WIDTH === 0) continue;
      const number = Math.floor(width / WIDTH);
      const hashes = await this.#fetched(level, number);
      this.#tiles.set(`${level}/${number}`, Promise.resolve(hashes));
      peaks.unshift(...(await peaksOf(hashes)));
    }
    let digest = peaks.length > 0 ? peaks.pop() : await sha256();
    while (peaks.length > 0) digest = await node(peaks.pop(), digest);
    if (!equal(digest, root)) throw new BadTile("the tiles do not give the root");
  }

  /** The leaf hashes `256 * number …`, after `checkRoot`. Throws BadTile. */
  leaves(number) {
    return this.#tile(0, number);
  }

  #tile(level, number) {
    const name = `${level}/${number}`;
    if (!this.#tiles.has(name)) this.#tiles.set(name, this.#believed(level, number));
    return this.#tiles.get(name);
  }

  async #believed(level, number) {
    const [hashes, parent] = await Promise.all([
      this.#fetched(level, number),
      this.#tile(level + 1, Math.floor(number / WIDTH)),
    ]);
    const expected = parent[number % WIDTH];
    if (hashes.length !== WIDTH || !expected || !equal(await top(hashes), expected)) {
      throw new BadTile(`${pathOf(level, number, WIDTH)} is not of this tree`);
    }
    return hashes;
  }

  async #fetched(level, number) {
    const width = Math.min(Math.floor(this.#size / WIDTH ** level) - number * WIDTH, WIDTH);
    if (width <= 0) throw new BadTile("no such tile");
    const path = pathOf(level, number, width);
    const bytes = (await this.#fetchBytes(path)) ?? (await this.#fetchBytes(pathOf(level, number, WIDTH)));
    if (!bytes || bytes.length < width * HASH_BYTES) throw new BadTile(`${path} is missing`);
    return Array.from({ length: width }, (_, at) => bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
  }
}

/** The numbers of the tiles that hold the leaves `first` … `last - 1`. */
export function tilesWith(first, last) {
  const numbers = [];
  for (let number = Math.floor(first / WIDTH); number * WIDTH < last; number += 1) numbers.push(number);
  return numbers;
}

function pathOf(level, number, width) {
  const digits = String(number);
  const parts = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/gu);
  const name = parts.map((part, at) => (at < parts.length - 1 ? `x${part}` : part)).join("/");
  return `tile/${level}/${name}${width < WIDTH ? `.p/${width}` : ""}`;
}

const node = (left, right) => sha256(NODE, left, right);

/** The hash over 1, 2, 4, … neighbouring nodes. */
async function top(hashes) {
  let row = hashes;
  while (row.length > 1) {
    const pairs = Array.from({ length: row.length / 2 }, (_, at) => [row[2 * at], row[2 * at + 1]]);
    row = await Promise.all(pairs.map(([left, right]) => node(left, right)));
  }
  return row[0];
}

/** The complete subtrees that the hashes form, largest first. */
async function peaksOf(hashes) {
  const peaks = [];
  for (let at = 0; at < hashes.length; ) {
    const width = 2 ** Math.floor(Math.log2(hashes.length - at));
    peaks.push(await top(hashes.slice(at, at + width)));
    at += width;
  }
  return peaks;
}
