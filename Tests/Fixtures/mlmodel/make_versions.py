"""Writes what Python's `packaging` makes of versions, names and markers.

    python make_versions.py OUTPUT_FOLDER     # writes OUTPUT_FOLDER/packaging.json
"""

import itertools
import json
import pathlib
import sys

import packaging
from packaging.markers import InvalidMarker, Marker
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

VERSIONS = [
    "1", "01.02.3", "1.0.0", "v1.2", "V1.2", "1!2.0", "0!1.0", "1.0a1", "1.0alpha1", "1.0.alpha.1", "1.0-a-1", "1.0_A_01",
    "1.0b", "1.0beta2", "1.0c1", "1.0rc1", "1.0.pre1", "1.0preview1", "1.0.post1", "1.0-1", "1.0post", "1.0.rev3", "1.0-r4",
    "1.0.dev0", "1.0dev", "1.0-dev3", "1.0a1.post2.dev3+u.1", "1.0+local.1", "1.0+ubuntu-1", "1.0+00a.007", "2.1.0+cu118",
    "1.0.*", "1..0", "", ".1", "1.", "1.0+", "1.0+a..b", "a1", "1.0 1", "1.0x", "1.0a1b2", "1.0.post1.post2", "1.0.dev1a1",
    "1.0-", "1.0--1", "1!", "!1", "1!!2", "1.0post1", "1.0.post.1", "1.0rev", "20240101", "1.0a.1", "1.0a-1", "1.0+é",
    "1.0\n", "1.0+A.B", "1.0.0.0.0.0.1", "1.0rc", "1.0.RC1", "1.0preview", "1-2-3", "1_0", "9" * 30,
]
MARKERS = [
    'python_version < "3.9"', "python_version<'3.9'", 'python_version >= "3.8" and sys_platform == "linux"',
    '(os_name == "nt" or os_name == "posix") and python_version < "4"', 'sys_platform not in "win32 cygwin"',
    '"linux" in sys_platform', 'extra == "x"', 'platform_machine != \'a"b\'', 'python_version ~= "3.8"',
    'implementation_name === "cpython"', "python_version", "python_version <", '< "3"', 'os.system("id")',
    'python_version < "3" or os.system("id")', 'evil == "1"', 'python_version < "3', '"a" == "b"', "(python_version < '3'",
    'python_version < "3")', 'python_version < "3" xor os_name == "nt"', "", 'python_version < "3"; import os',
    '((python_version < "3"))', 'python_version < "3" and', 'python_full_version>="3.8.1"and os_name=="posix"',
]
NAMES = ["Scikit_Learn", "a--b__c..d", "x", "A.B-C_d", "zope.interface"]


def outcome(make, error, text):
    try:
        return str(make(text))
    except error:
        return None


result = {
    "packaging": packaging.__version__,
    "versions": {text: outcome(Version, InvalidVersion, text) for text in VERSIONS},
    "markers": {text: outcome(Marker, InvalidMarker, text) for text in MARKERS},
    "names": {text: canonicalize_name(text) for text in NAMES},
}
parts = [["1", "1.0", "2!1"], ["", "a1", ".b02", "-rc"], ["", ".post1", "-2", "post"], ["", ".dev3", "dev"], ["", "+l.01"]]
for text in map("".join, itertools.product(*parts)):
    result["versions"][text] = outcome(Version, InvalidVersion, text)
path = pathlib.Path(sys.argv[1]) / "packaging.json"
path.write_text(json.dumps(result, indent=1) + "\n")
