/**
 * Checkpoints with the signatures of log and witness: C2SP signed-note, tlog-checkpoint, tlog-cosignature (Ed25519).
 *
 * The keys are given as text (`<name>+<hash>+<Base64>`); signatures by other keys are ignored, a bad one spoils the note.
 */

import { equal, fromBase64, sha256, utf8 } from "./bytes.js";

const PLAIN = 1;
const COSIGNATURE = 4;
const HASH_BYTES = 4;
const TIMESTAMP_BYTES = 8;
const ROOT_BYTES = 32;

/** What is not what it should be, with a word for the person who reads the console; nothing of the visitor. */
export class BadNote extends Error {}

/** The checkpoint of a note that both have signed: `{origin, size, root, timestamp}`. Throws BadNote. */
export async function openCheckpoint(note, logKey, witnessKey) {
  const end = note.lastIndexOf("\n\n");
  if (end < 0) throw new BadNote("no signatures");
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2).split("\n").filter(Boolean);
  const log = await readKey(logKey, PLAIN);
  const witness = await readKey(witnessKey, COSIGNATURE);
  const signature = signatureOf(lines, log);
  const cosignature = signatureOf(lines, witness);
  const timestamp = Number(new DataView(cosignature.buffer).getBigUint64(0));
  const cosigned = utf8(`cosignature/v1\ntime ${timestamp}\n${text}`);
  const good = await Promise.all([
    verify(log.bytes, signature, utf8(text)),
    verify(witness.bytes, cosignature.slice(TIMESTAMP_BYTES), cosigned),
  ]);
  if (!good.every(Boolean)) throw new BadNote("a signature does not verify");
  return { ...parseCheckpoint(text, log.name), timestamp };
}

function parseCheckpoint(text, origin) {
  const [first, size, root] = text.split("\n");
  if (first !== origin || !/^(0|[1-9][0-9]{0,14})$/u.test(size)) throw new BadNote("no checkpoint of this log");
  const bytes = fromBase64(root);
  if (bytes.length !== ROOT_BYTES) throw new BadNote("no root");
  return { origin, size: Number(size), root: bytes };
}

async function readKey(text, type) {
  const [, name, encoded] = /^([^+]+)\+[0-9a-f]{8}\+(.+)$/u.exec(text) ?? [];
  const material = fromBase64(encoded ?? "");
  if (material[0] !== type) throw new BadNote("not a key of this kind");
  const hash = (await sha256(utf8(`${name}\n`), material)).slice(0, HASH_BYTES);
  return { name, hash, bytes: material.slice(1) };
}

function signatureOf(lines, key) {
  for (const line of lines) {
    const [, name, encoded] = /^— (\S+) (\S+)$/u.exec(line) ?? [];
    if (name !== key.name) continue;
    const bytes = fromBase64(encoded);
    if (equal(bytes.slice(0, HASH_BYTES), key.hash)) return bytes.slice(HASH_BYTES);
  }
  throw new BadNote(`no signature of ${key.name}`);
}

async function verify(publicKey, signature, message) {
  const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, signature, message);
}
