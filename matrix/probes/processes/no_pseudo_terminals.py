"""A pseudo-terminal can be opened, has attributes and a size."""

import json
import os

works, fails, ends = [], [], ()
try:
    import termios

    works.append("there is termios")
except ImportError as exc:
    termios = None
    fails.append(f"termios: {exc}")
try:
    ends = os.openpty()
    works.append("openpty")
except (AttributeError, OSError) as exc:
    fails.append(f"openpty: {getattr(exc, 'strerror', None) or exc}")
if ends and termios:
    try:
        termios.tcgetattr(ends[1])
        works.append("tcgetattr")
    except (termios.error, OSError) as exc:
        fails.append(f"tcgetattr: {exc}")
try:
    os.get_terminal_size(ends[1] if ends else 1)
    works.append("get_terminal_size")
except (AttributeError, OSError) as exc:
    fails.append(f"get_terminal_size: {getattr(exc, 'strerror', None) or exc}")
for end in ends:
    os.close(end)
saw = f"works: {', '.join(works) or 'nothing'}; does not: {'; '.join(fails) or 'nothing'}"
print(json.dumps({"holds": not works or (bool(fails) and "partly"), "saw": saw}))
