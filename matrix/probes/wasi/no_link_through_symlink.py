"""link() through a symbolic link creates a link to its target."""

import json
import os

with open("file", "wb"):
    pass
said = []
try:
    os.symlink("file", "link")
    os.link
except (AttributeError, OSError) as exc:
    print(json.dumps({"holds": None, "saw": f"there is no symbolic link, or no link(): {exc}"}))
else:
    holds = True
    try:
        directory = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    except OSError as exc:
        said.append(f"a descriptor of the directory: {exc.strerror}")
    else:
        try:
            os.link("link", "behind", src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=True)
            holds = os.path.islink("behind")
            said.append(f"link() made a link to the {'link' if holds else 'file'}")
        except (NotImplementedError, OSError) as exc:
            said.append(f"link() that follows: {getattr(exc, 'strerror', None) or exc}")
        finally:
            os.close(directory)
    print(json.dumps({"holds": holds, "saw": "; ".join(said)}))
