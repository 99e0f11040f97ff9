"""A directory that is deeper than PATH_MAX can be made step by step, and removed from the top."""

import errno
import json
import os
import shutil

NAME = "d" * 200
made = 0
top = os.getcwd()
try:
    while made < 25:  # 5,000 characters; PATH_MAX is 4,096
        os.mkdir(NAME)
        os.chdir(NAME)
        made += 1
    holds, saw = False, "a path of 5,000 characters can be made step by step"
except OSError as exc:
    holds, saw = True, f"after {made} directories of 200 characters: {errno.errorcode.get(exc.errno, exc.errno)}"
os.chdir(top)
try:
    shutil.rmtree(NAME)
    saw += "; it can be removed"
except OSError as exc:
    holds = True
    saw += f"; removing it: {errno.errorcode.get(exc.errno, exc.errno)}"
print(json.dumps({"holds": holds, "saw": saw}))
