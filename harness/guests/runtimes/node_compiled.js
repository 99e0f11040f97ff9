// V8's optimised code of a guest's main module, kept in a file between guests. Started with the options of
// `node.py`, whose --allow-natives-syntax gives the functions with which V8's own tests write and read such code:
// https://github.com/v8/v8/blob/main/src/runtime/runtime-test-wasm.cc
//
//   node OPTIONS node_compiled.js --write MODULE FILE    compile it and write the code
//   node OPTIONS node_compiled.js --check MODULE FILE    exit with 0 when this V8 takes the code
//   CPYTHON_WASM_COMPILED=FILE node OPTIONS --require node_compiled.js SCRIPT...
//                                                        the script gets the code when it instantiates the module
//
// A file has the SHA-256 of the module's bytes and the code, then the code. V8 itself refuses the code of another
// version, of other options and of another kind of processor; it does not notice damaged code.
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

// The module of these bytes; undefined when the code is of others, is damaged, or is not for this V8.
function read(bytes, file) {
  const kept = fs.readFileSync(file);
  const code = new Uint8Array(kept.subarray(DIGEST_SIZE));
  if (!digestOf(bytes, code).equals(kept.subarray(0, DIGEST_SIZE))) return undefined;
  return %DeserializeWasmModule(code.buffer, new Uint8Array(bytes));
}

function give(file) {
  const instantiate = WebAssembly.instantiate;
  WebAssembly.instantiate = async (source, imports) => {
    WebAssembly.instantiate = instantiate; // what is loaded later is another module
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
  delete process.env[VARIABLE]; // not for the guest, nor for its workers, which are handed the module
  give(file);
}
