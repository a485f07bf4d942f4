#!/usr/bin/env bash
# Installs the programs that Tamis is measured against into bench/peers/.venv, from PyPI. They are for goldens and
# benchmarks only: neither the build nor the tests ever need them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
/usr/bin/python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
echo "installed: $(.venv/bin/python -c 'import torch; print("PyTorch", torch.__version__)')"
