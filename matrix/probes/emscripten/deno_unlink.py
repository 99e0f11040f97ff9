"""os.unlink() of a directory fails with EISDIR, and leaves an empty one alone."""

import errno
import json
import os
import tempfile

with tempfile.TemporaryDirectory() as place:
    empty, full = os.path.join(place, "empty"), os.path.join(place, "full")
    os.mkdir(empty)
    os.makedirs(os.path.join(full, "inside"))
    found = []
    for path in (empty, full):
        try:
            os.unlink(path)
        except OSError as exc:
            found.append(errno.errorcode[exc.errno])
        else:
            found.append("it is removed")
    holds = found == ["it is removed", "ENOTEMPTY"]
    print(json.dumps({"holds": holds, "saw": f"an empty one: {found[0]}, another: {found[1]}"}))
