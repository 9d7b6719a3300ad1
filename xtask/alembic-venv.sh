#!/usr/bin/env bash
# Alembic for the tests and measurements that compare with it: a venv below target/, made when its requirements change. Prints its
# folder.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$PWD/target/alembic-venv
mkdir -p target
# Tests are processes that run side by side: one makes it, the others wait.
exec 9>target/alembic-venv.lock
flock 9
if ! cmp -s xtask/alembic-requirements.txt "$venv/requirements.txt"; then
  rm -rf "$venv"
  {
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --retries 2 --requirement xtask/alembic-requirements.txt
    cp xtask/alembic-requirements.txt "$venv/requirements.txt"
  } >&2
fi
echo "$venv"
