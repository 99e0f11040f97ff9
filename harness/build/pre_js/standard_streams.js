// Lets fstat() of the standard streams work in a program that Emscripten links with Node's file system (NODERAWFS).
//
// Emscripten before 4 makes these streams with an empty path, and its fstat() takes the path:
// https://github.com/emscripten-core/emscripten/issues/16414. In 6.0.5 fstat() reads a property of the stream's node,
// and these streams have none: https://github.com/emscripten-core/emscripten/issues/27628.
(Module["preRun"] = [].concat(Module["preRun"] || [])).push(() => {
  const create = FS.createStandardStreams;
  FS.createStandardStreams = () => {
    create();
    ["/dev/stdin", "/dev/stdout", "/dev/stderr"].forEach((path, fd) => {
      const stream = FS.streams[fd];
      if (!stream) return;
      if (!stream.path) stream.path = path;
      else if (!stream.node) stream.node = {};
    });
  };
});
