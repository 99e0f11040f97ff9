"""A locale that does not exist is refused, and a locale with a decimal comma uses the comma."""

import json
import locale

before = locale.setlocale(locale.LC_NUMERIC)
accepted, commas = [], []
for name in ("xx_NOSUCH", "de_DE.UTF-8", "fr_FR.UTF-8", "nl_NL.UTF-8"):
    try:
        locale.setlocale(locale.LC_NUMERIC, name)
    except locale.Error:
        continue
    accepted.append(name)
    if locale.localeconv()["decimal_point"] == ",":
        commas.append(name)
locale.setlocale(locale.LC_NUMERIC, before)
saw = f"accepted: {', '.join(accepted) or 'none'}; with a comma: {', '.join(commas) or 'none'}"
if "xx_NOSUCH" in accepted:
    holds = "partly" if commas else True
else:
    holds = False if commas or not accepted else True
print(json.dumps({"holds": holds, "saw": saw}))
