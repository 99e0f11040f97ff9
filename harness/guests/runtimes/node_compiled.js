// Keeps V8's optimised code for the guests' main module in a file. It needs the options of `node.py`: with
// --allow-natives-syntax there are functions that write and read such code, which V8's own tests use:
// https://github.com/v8/v8/blob/main/src/runtime/runtime-test-wasm.cc
//
//   node OPTIONS node_compiled.js --write MODULE FILE    compile the module and write its code
//   node OPTIONS node_compiled.js --check MODULE FILE    exit with status 0 when this V8 accepts the code
//   CPYTHON_WASM_COMPILED=FILE node OPTIONS --require node_compiled.js SCRIPT...
//                                                        the script gets the code when it instantiates the module
//
// A script that instantiates the module itself gets the code from `require("./node_compiled.js").read(BYTES, FILE)`.
//
// The file starts with the SHA-256 of the module's bytes and the code; the code follows. V8 itself refuses code from
// another version, other options or another kind of processor. It does not notice damaged code.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");

const VARIABLE = "CPYTHON_WASM_COMPILED";
const DIGEST_SIZE = 32;

const digestOf = (bytes, code) => crypto.createHash("sha256").update(bytes).update(code).digest();

function write(module, file) {
  const bytes = fs.readFileSync(module);
  const code = Buffer.from(%SerializeWasmModule(new WebAssembly.Module(bytes)));
  fs.writeFileSync(file, Buffer.concat([digestOf(bytes, code), code]));
}

// The module with these bytes; undefined when the code is damaged, or made from other bytes or for another V8.
function read(bytes, file) {
  const kept = fs.readFileSync(file);
  const code = new Uint8Array(kept.subarray(DIGEST_SIZE));
  if (!digestOf(bytes, code).equals(kept.subarray(0, DIGEST_SIZE))) return undefined;
  return %DeserializeWasmModule(code.buffer, new Uint8Array(bytes));
}

function give(file) {
  const instantiate = WebAssembly.instantiate;
  WebAssembly.instantiate = async (source, imports) => {
    WebAssembly.instantiate = instantiate; // the main module is the first one; later ones have no kept code
    const module = source instanceof WebAssembly.Module ? undefined : read(source, file);
    if (module === undefined) return instantiate(source, imports);
    return { module, instance: await instantiate(module, imports) };
  };
}

if (require.main === module) {
  const [what, wasm, file] = process.argv.slice(2);
  if (what === "--write") write(wasm, file);
  else process.exitCode = read(fs.readFileSync(wasm), file) === undefined ? 1 : 0;
} else if (process.env[VARIABLE] !== undefined) {
  const file = process.env[VARIABLE];
  delete process.env[VARIABLE]; // the guest must not see it, and its workers get the module itself
  give(file);
}
module.exports = { read };
