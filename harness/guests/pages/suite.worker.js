// The interpreter of one guest: sets up its files and devices, runs it, and reports how it ended.
"use strict";

importScripts("report.js", "archive.js");

const told = get("told.json", "json");
let loaded; // what the page has loaded for all its guests; null for what it could not load

// No browser has an option that limits a WebAssembly memory, but Emscripten's programs grow theirs through this method,
// and see that it failed.
function limitMemory(limit) {
  const grow = WebAssembly.Memory.prototype.grow;
  WebAssembly.Memory.prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * 65536 > limit) throw new RangeError("the harness limits this memory");
    return grow.call(this, pages);
  };
}

function remove(path) {
  const [name, ...owners] = path.split(".").reverse();
  delete owners.reduceRight((object, owner) => object[owner], self)[name];
}

// Collects what the guest prints, which arrives one character code at a time, and reports it by lines.
class Lines {
  codes = [];

  put(code) {
    if (code === null) return;
    this.codes.push(code & 0xff);
    if (code === 10 || this.codes.length > 8192) this.flush();
  }

  flush() {
    if (this.codes.length) report("output", new Uint8Array(this.codes));
    this.codes = [];
  }
}

const printed = new Lines();

function putFiles(fs) {
  putArchive(fs, loaded.archive ?? getArchive());
  makeDirectories(fs, told.work);
  for (const [path, text] of Object.entries(told.files)) fs.writeFile(path, text);
}

function makeEventsDevice(fs) {
  const device = fs.makedev(64, 0);
  fs.registerDevice(device, {
    open(stream) {
      stream.seekable = false; // otherwise opening it for appending seeks to its end
    },
    close() {},
    write(stream, buffer, offset, length) {
      report("events", Uint8Array.from(buffer.subarray(offset, offset + length)));
      return length;
    },
  });
  fs.mkdev(told.events, 0o222, device);
}

let ended = false;

function end(status) {
  if (ended) return;
  ended = true;
  printed.flush();
  report("end", String(status));
}

function fail(error) {
  if (error?.name === "ExitStatus") return end(error.status);
  if (ended) return;
  printed.flush();
  report("output", `${error}\n${error?.stack ?? ""}\n`); // Firefox's stack does not have the message
  end(134);
}

const settings = {
  noInitialRun: true,
  stdin: () => null,
  stdout: (code) => printed.put(code),
  stderr: (code) => printed.put(code),
  print: (text) => report("output", `${text}\n`),
  printErr: (text) => report("output", `${text}\n`),
  onAbort(what) {
    printed.flush();
    report("output", `Aborted(${what})\n`);
  },
};

// The program of CPython 3.14 and later is a module. Where the browser can switch stacks (JSPI), its `main` is still
// running when callMain returns: onExit gets the status in the end.
async function runModule(name) {
  self.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    fail(event.reason);
  });
  const { default: create } = await import(`./${name}`);
  const program = await create({ ...settings, thisProgram: told.program, onExit: end });
  makeEventsDevice(program.FS);
  putFiles(program.FS);
  try {
    program.callMain(told.arguments);
  } catch (error) {
    fail(error);
  }
}

function instantiate(imports, receive) {
  WebAssembly.instantiate(loaded.module, imports).then((instance) => receive(instance, loaded.module), fail);
  return {};
}

function runScript(name) {
  self.Module = {
    ...settings,
    onRuntimeInitialized() {
      makeEventsDevice(FS);
      putFiles(FS);
      let status;
      try {
        status = callMain(told.arguments);
      } catch (error) {
        return fail(error);
      }
      end(status ?? 0);
    },
  };
  importScripts(name);
}

self.addEventListener("message", ({ data }) => {
  loaded = data;
  limitMemory(told.memory);
  told.without.forEach(remove);
  if (loaded.module) settings.instantiateWasm = instantiate;
  const loader = told.program.slice(told.program.lastIndexOf("/") + 1);
  if (loader.endsWith(".mjs")) runModule(loader);
  else runScript(loader);
});
