#!/bin/sh
# make.sh VERSION PYTHON: remake the two stores of one version of MLflow below this folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
version=$1
python=$2
place=/srv/mlflow
[ ! -e "$place" ] || { echo "$place exists already" >&2; exit 1; }
mkdir -p "$here/$version"
for kind in sqlite files; do
    "$python" "$here/make.py" "$kind"
    rm -rf "${here:?}/$version/$kind"
    mv "$place"/*/"$kind" "$here/$version/$kind"
    rm -r "$place"
done
"$python" - "$here/$version/sqlite/mlflow.db" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("PRAGMA page_size = 1024")
db.execute("VACUUM")
END
