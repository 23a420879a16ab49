"""Writes cases.json from paths.json: one row a listing, each path as the JSON text that a server would send.

Some of the paths are no Unicode text (a lone surrogate), so that no reader of JSON could hand them to a test.
"""

import json
import pathlib

here = pathlib.Path(__file__).parent
# Names that are odd, but safe below a folder of their own; percent signs mean themselves.
ALLOWED = {
    "leading space", "Windows reserved", "leading dash", "tilde", "variable", "255 bytes component: allowed",
    "percent-encoded dots (must stay literal, never decoded twice)", "encoded slash", "encoded NUL",
    "changes the build context", "shadows the rendered file", "tool metadata",
    "dotfile: allowed under the payload folder only",
}
rows = []
for row in json.loads((here / "paths.json").read_text()):
    paths = row["path"].split("|")
    rows.append({
        "entries": [json.dumps(path) for path in paths],
        "expect": "allowed" if row["why"] in ALLOWED else "refused",
        "why": row["why"],
    })
(here / "cases.json").write_text(json.dumps(rows, indent=1) + "\n")
