// Splits and combines with the npm package shamir-secret-sharing what a test asks for on standard input, in hex:
// {"modules": a file beside node_modules, "split": [{"secret", "m", "n"}], "combine": [[share, ...]]}.

const { createRequire } = require("node:module");

const asked = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const { split, combine } = createRequire(asked.modules)("shamir-secret-sharing");

const bytes = (hex) => new Uint8Array(Buffer.from(hex, "hex"));
const hex = (array) => Buffer.from(array).toString("hex");

async function answer() {
  const shares = [];
  for (const { secret, m, n } of asked.split) {
    shares.push((await split(bytes(secret), n, m)).map(hex));
  }
  const secrets = [];
  for (const some of asked.combine) {
    secrets.push(hex(await combine(some.map(bytes))));
  }
  return { shares, secrets };
}

answer().then((found) => process.stdout.write(JSON.stringify(found)));
