"""fma() returns a zero with the right sign."""

import json
import math

CASES = (  # x, y, z and the sign of x*y+z, which is zero, exactly or as a float
    (0.0, 2.5, 0.0, 1.0),
    (0.0, 2.5, -0.0, 1.0),
    (0.0, -2.5, -0.0, -1.0),
    (-0.0, -2.5, -0.0, 1.0),
    (2.0, 2.0, -4.0, 1.0),
    (1e-300, 1e-300, 0.0, 1.0),
    (1e-300, -1e-300, 0.0, -1.0),
    (1e-300, 1e-300, -0.0, 1.0),
    (1e-300, -1e-300, -0.0, -1.0),
)
if not hasattr(math, "fma"):
    print(json.dumps({"holds": None, "saw": "there is no math.fma"}))
else:
    wrong = [f"fma({x}, {y}, {z})" for x, y, z, sign in CASES if math.copysign(1.0, math.fma(x, y, z)) != sign]
    saw = f"wrong sign: {', '.join(wrong) or 'none'}"
    print(json.dumps({"holds": bool(wrong), "saw": saw}))
