/**
 * The 查询码 and the leaf that it stands for: what supervision/sealing/receipt.py and events/leaf.py do, in the browser.
 *
 * From the 32 digits come, by separate labels and bound to the log's origin, the stream of the receipt event, its salt
 * and the reporter's signing key. The event says nothing else (its state is {}), so the hour in which it was recorded is
 * all that is left to try.
 */

import { concat, fromBase64Url, hex, integer, lengthPrefixed, sha256, utf8 } from "./bytes.js";

const RANDOM_DIGITS = 30;
const CODE_DIGITS = 32;
const LABEL = utf8("supervision/receipt/v1");
const EVENT_CONTEXT = utf8("supervision/event/v1");
const KEY_CONTEXT = utf8("supervision/key/v1");
const ED25519 = Uint8Array.of(1);
const PKCS8_ED25519 = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32); // RFC 8410, then the seed
const TOPIC = utf8("receipt.issued.v1");
const VERSION = integer(1, 8);
const STATE = utf8("{}");
const LEAF_VERSION = Uint8Array.of(1);
const LEAF = Uint8Array.of(0);

// What people and telephones put between the groups: space of any width, dashes, dots, zero-width characters.
const SEPARATORS = /[\s\u200b-\u200d\ufeff\-\u2010-\u2015\u2212\uff0d\u30fc.\u3002\uff0e\u00b7\u30fb\u2027\u2022_]+/gu;

/** `reason`: "digits" (something else than digits), "length" or "check" (the check digits do not fit). */
export class MistypedCode extends Error {
  constructor(reason, length) {
    super(reason);
    this.reason = reason;
    this.length = length;
  }
}

/** The 32 digits of a code as people type it. Throws MistypedCode. */
export function parseCode(text) {
  const digits = text
    .replace(SEPARATORS, "")
    .replace(/[０-９]/gu, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0));
  if (!/^[0-9]*$/u.test(digits)) throw new MistypedCode("digits", digits.length);
  if (digits.length !== CODE_DIGITS) throw new MistypedCode("length", digits.length);
  // ISO 7064 MOD 97-10
  const check = 98n - ((BigInt(digits.slice(0, RANDOM_DIGITS)) * 100n) % 97n);
  if (digits.slice(RANDOM_DIGITS) !== String(check).padStart(2, "0")) throw new MistypedCode("check", digits.length);
  return digits;
}

/** Whether this browser can do what is needed; without a secure context it has no crypto.subtle at all. */
export async function isSupported() {
  try {
    await signingKey(new Uint8Array(32));
    return true;
  } catch {
    return false;
  }
}

/** The leaf hashes (hex) that the code may have, one for each of `hours` (Unix seconds, whole hours). */
export async function receiptLeaves(digits, origin, hours) {
  const secret = await deriver(digits, origin);
  const [stream, salt, seed] = await Promise.all([secret("stream", 16), secret("salt"), secret("signing")]);
  stream[6] = (stream[6] & 0x0f) | 0x40; // a UUID of version 4
  stream[8] = (stream[8] & 0x3f) | 0x80;
  const { key, publicKey } = await signingKey(seed);
  const state = await sha256(STATE);
  const message = lengthPrefixed(EVENT_CONTEXT, utf8(origin), stream, VERSION, TOPIC, state);
  const [keyId, signature, hmac] = await Promise.all([
    sha256(KEY_CONTEXT, ED25519, publicKey),
    crypto.subtle.sign("Ed25519", key, message),
    crypto.subtle.importKey("raw", salt, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
  ]);
  const before = lengthPrefixed(utf8(origin), stream, VERSION, TOPIC);
  const after = lengthPrefixed(keyId, new Uint8Array(signature), state);
  const leaf = async (hour) => {
    const header = concat(before, lengthPrefixed(integer(hour, 8)), after);
    const data = concat(LEAF_VERSION, new Uint8Array(await crypto.subtle.sign("HMAC", hmac, header)));
    return hex(await sha256(LEAF, data));
  };
  return Promise.all(hours.map(leaf));
}

async function deriver(digits, origin) {
  const code = await crypto.subtle.importKey("raw", utf8(digits), "HKDF", false, ["deriveBits"]);
  return async (purpose, length = 32) => {
    const info = lengthPrefixed(LABEL, utf8(origin), utf8(purpose));
    const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info };
    return new Uint8Array(await crypto.subtle.deriveBits(how, code, 8 * length));
  };
}

async function signingKey(seed) {
  const key = await crypto.subtle.importKey("pkcs8", concat(PKCS8_ED25519, seed), "Ed25519", true, ["sign"]);
  const { x } = await crypto.subtle.exportKey("jwk", key);
  return { key, publicKey: fromBase64Url(x) };
}
