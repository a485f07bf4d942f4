#!/usr/bin/env bash
# Prints one line that changes whenever anything a test's result can depend on changes: the checkout's files (tracked
# or not, but not ignored ones), what was installed for it, the data beside it, the compilers. `make test` compares it
# with the line of the last run that passed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
{
  if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files -z -co --exclude-standard
  else
    find . -path ./build -prune -o -path ./out -prune -o -path ./.venv -prune -o -path ./node_modules -prune -o -type f -print0
  fi | sort -z | xargs -0 sha256sum 2>/dev/null || true # a file deleted but not yet committed is told by its absence
  cat .venv/requirements.installed node_modules/.package-lock.json 2>/dev/null || true
  find -L ../shared/data -type f -printf '%p %s\n' 2>/dev/null | sort || true
  g++ --version | head -n 1
  clang++-14 --version 2>/dev/null | head -n 1 || true
} | sha256sum | cut -c 1-64
