/**
 * Whether the receipt of a code is in the witness's copy of a log.
 *
 * What is fetched depends on the day alone: the checkpoint, the right edge of the tree, and the tiles of that day with
 * those above them. Code and leaf stay here, and so does the answer.
 */

import { receiptLeaves } from "./code.js";
import { openCheckpoint } from "./notes.js";
import { TileReader, tilesWith } from "./tiles.js";
import { hex } from "./bytes.js";

const HOUR = 3600;
const DAY = 24 * HOUR;
const SHANGHAI = 8 * HOUR; // east of UTC, all year
const AT_ONCE = 6; // requests side by side
const TRIES = 3; // the copy may grow while it is read

/** The witness does not answer, or not as it should. */
export class NoAnswer extends Error {}

/**
 * `log`: `{address, origin, logKey, witnessKey}`; `day`: Unix seconds of its midnight in UTC; `around`: days before and
 * after that are looked through; `progress(done, all)`. Gives `{found, size, timestamp}`. Throws NoAnswer, BadNote, BadTile.
 */
export async function checkReceipt(log, digits, day, around, progress) {
  const [first, last] = [day - around * DAY, day + around * DAY];
  const hours = Array.from({ length: (2 * around + 1) * 24 }, (_, at) => first - SHANGHAI + at * HOUR);
  const wanted = new Set(await receiptLeaves(digits, log.origin, hours));
  for (let tried = 1; ; tried += 1) {
    try {
      return await lookUp(log, wanted, first, last, progress);
    } catch (problem) {
      if (tried === TRIES) throw problem;
    }
  }
}

async function lookUp(log, wanted, first, last, progress) {
  const note = await ask(`${log.address}/checkpoint`);
  if (!note) throw new NoAnswer("no checkpoint");
  const { size, root, timestamp } = await openCheckpoint(await note.text(), log.logKey, log.witnessKey);
  const range = await ask(`${log.address}/days?from=${dayOf(first)}&to=${dayOf(last)}`);
  if (!range) throw new NoAnswer("no range");
  const { first: begin, last: end } = await range.json();
  const reader = new TileReader(async (path) => {
    const answer = await ask(`${log.address}/${path}`);
    return answer && new Uint8Array(await answer.arrayBuffer());
  }, size);
  await reader.checkRoot(root);
  const numbers = tilesWith(begin, Math.min(end, size));
  let done = 0;
  let found = false;
  const work = async () => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      const leaves = await reader.leaves(number);
      found = leaves.some((leaf) => wanted.has(hex(leaf))) || found; // go on: where one stops would tell where it is
      progress((done += 1), done + numbers.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { found, size, timestamp };
}

/** The answer, or null for 404. */
async function ask(address) {
  const how = { cache: "default", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" };
  const answer = await fetch(address, how).catch(() => {
    throw new NoAnswer("no connection");
  });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new NoAnswer(String(answer.status));
  return answer;
}

const dayOf = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
