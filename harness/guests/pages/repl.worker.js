// The interpreter of the REPL page, for builds that have no python.worker.js of their own: from CPython 3.14 on. It talks
// with the page as that one does (repl.js).
"use strict";

importScripts("archive.js");

const PROGRAM = "python.mjs";
const typed = new Int32Array(new SharedArrayBuffer(512)); // their number, then character codes
let next = 0;
let number = 0;
let handedOver = true; // whether the interpreter has what was typed: it asks for more until it gets null

function read() {
  if (next === number) {
    if (!handedOver) {
      handedOver = true;
      return null;
    }
    Atomics.store(typed, 0, -1);
    postMessage({ type: "stdin", buffer: typed.buffer });
    Atomics.wait(typed, 0, -1);
    [next, number] = [0, typed[0]];
    handedOver = false;
  }
  next += 1;
  return typed[next];
}

async function load() {
  const { default: create } = await import(`./${PROGRAM}`);
  const archive = getArchive();
  const path = archive.entries.find(([path]) => path.endsWith(`/${PROGRAM}`))[0];
  const program = await create({
    noInitialRun: true,
    thisProgram: path,
    stdin: read,
    stdout: (code) => code !== null && postMessage({ type: "stdout", stdout: code }),
    stderr: (code) => code !== null && postMessage({ type: "stderr", stderr: code }),
    onExit: (status) => postMessage({ type: "finished", returnCode: status }),
  });
  putArchive(program.FS, archive);
  return program;
}

const loading = load();
addEventListener("message", async ({ data }) => {
  if (data.type === "run") (await loading).callMain(data.args);
});
addEventListener("unhandledrejection", ({ reason }) => {
  if (reason?.name === "ExitStatus") postMessage({ type: "finished", returnCode: reason.status });
  else setTimeout(() => { throw reason; }); // the page is told of it
});
loading.then(() => postMessage({ type: "ready" }));
