// The interpreter of one guest: sets up its files and devices, runs it, and reports how it ended.
"use strict";

importScripts("report.js");

function get(path, type) {
  const request = new XMLHttpRequest();
  request.open("GET", path, false);
  request.responseType = type;
  request.send();
  if (request.status !== 200) throw new Error(`${path}: ${request.status}`);
  return request.response;
}

const told = get("told.json", "json");

// No browser has an option that limits a WebAssembly memory, but Emscripten's programs grow theirs through this method,
// and see that it failed.
function limitMemory(limit) {
  const grow = WebAssembly.Memory.prototype.grow;
  WebAssembly.Memory.prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * 65536 > limit) throw new RangeError("the harness limits this memory");
    return grow.call(this, pages);
  };
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

function makeDirectories(path) {
  let made = "";
  for (const part of path.split("/").filter(Boolean)) {
    made += `/${part}`;
    if (!FS.analyzePath(made).exists) FS.mkdir(made);
  }
}

function putFiles() {
  const data = new Uint8Array(get("tests.data", "arraybuffer"));
  for (const [name, start, end, modified] of get("tests.json", "json")) {
    const path = `${told.library}/${name}`;
    makeDirectories(path.slice(0, path.lastIndexOf("/")));
    FS.writeFile(path, data.subarray(start, end));
    FS.utime(path, modified * 1000, modified * 1000);
  }
  makeDirectories(told.work);
  for (const [path, text] of Object.entries(told.files)) FS.writeFile(path, text);
}

function makeEventsDevice() {
  const device = FS.makedev(64, 0);
  FS.registerDevice(device, {
    open(stream) {
      stream.seekable = false; // otherwise opening it for appending seeks to its end
    },
    close() {},
    write(stream, buffer, offset, length) {
      report("events", Uint8Array.from(buffer.subarray(offset, offset + length)));
      return length;
    },
  });
  FS.mkdev(told.events, 0o222, device);
}

function end(status) {
  printed.flush();
  report("end", String(status));
}

var Module = {
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
  onRuntimeInitialized() {
    makeEventsDevice();
    putFiles();
    let status;
    try {
      status = callMain(told.arguments);
    } catch (error) {
      printed.flush();
      report("output", `${error}\n${error?.stack ?? ""}\n`); // Firefox's stack does not have the message
      status = 134;
    }
    end(status ?? 0);
  },
};

limitMemory(told.memory);
importScripts("python.js");
