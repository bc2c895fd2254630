// Verifies tlog-proof files with @sigstore/verify, the verifier of sigstore's own JavaScript clients.
//
// Reads from standard input, as JSON, the log's key {"name", "keyHash", "publicKey"}, the proofs, each {"leaf", "index",
// "hashes", "checkpoint"}, and a path beside "node_modules"; bytes are in hexadecimal. Answers for each proof with true,
// or with the message that says why not. Signature and inclusion are the package's to check; nothing is computed here.
"use strict";

const { createPublicKey } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");

const { log, proofs, modules } = JSON.parse(readFileSync(0, "utf8"));
// What its clients do with one entry of a log; not in the package's index, only in its file.
const { verifyTLogInclusion } = createRequire(modules)("@sigstore/verify/dist/tlog/index.js");

const publicKey = createPublicKey({
  key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(log.publicKey, "hex").toString("base64url") },
  format: "jwk",
});
const authority = { logID: Buffer.from(log.keyHash, "hex"), baseURL: log.name, publicKey };

function verdict(proof) {
  const inclusionProof = {
    logIndex: String(proof.index),
    hashes: proof.hashes.map((hash) => Buffer.from(hash, "hex")),
    checkpoint: { envelope: proof.checkpoint },
  };
  try {
    verifyTLogInclusion({ canonicalizedBody: Buffer.from(proof.leaf, "hex"), inclusionProof }, [authority]);
    return true;
  } catch (error) {
    return error.message;
  }
}

process.stdout.write(JSON.stringify(proofs.map(verdict)));
