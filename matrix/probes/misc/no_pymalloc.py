"""Python's object allocator counts the blocks in use."""

import json
import sys

blocks = sys.getallocatedblocks()
saw = "sys.getallocatedblocks() is 0" if blocks == 0 else "sys.getallocatedblocks() counts blocks"
print(json.dumps({"holds": blocks == 0, "saw": saw}))
