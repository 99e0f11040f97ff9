"""The syslog module exists and can open the log."""

import json

try:
    import syslog

    syslog.openlog("probe")
    syslog.closelog()
except ImportError as exc:
    print(json.dumps({"holds": True, "saw": str(exc)}))
else:
    print(json.dumps({"holds": False, "saw": "the log was opened"}))
