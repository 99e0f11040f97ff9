// Runs one guest with Node's own WASI: https://nodejs.org/api/wasi.html
//
//   node OPTIONS node_wasi.js SPEC
//
// SPEC is the JSON of `node_wasi.NodeWasiSpec`. The exit status is the guest's, and 134 after a trap, as that of
// wasmtime's CLI.
"use strict";

const fs = require("node:fs");
const { WASI } = require("node:wasi");

const TRAPPED = 134;

function moduleOf(spec) {
  const bytes = fs.readFileSync(spec.module);
  // node_compiled.js needs the options with which code is kept, so it is not loaded without code.
  const kept = spec.compiled === "" ? undefined : require("./node_compiled.js").read(bytes, spec.compiled);
  return kept ?? new WebAssembly.Module(bytes);
}

const spec = JSON.parse(process.argv[2]);
const wasi = new WASI({
  version: "preview1",
  args: spec.argv,
  env: spec.env,
  preopens: Object.fromEntries(spec.preopens),
  returnOnExit: true, // else exit() ends Node, in 18 without the guest's status
});
const instance = new WebAssembly.Instance(moduleOf(spec), { wasi_snapshot_preview1: wasi.wasiImport });
let status = TRAPPED;
try {
  status = wasi.start(instance);
} catch (error) {
  fs.writeSync(2, `the guest trapped: ${error.stack}\n`);
}
process.exit(status);
