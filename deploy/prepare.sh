#!/bin/sh
# Makes the folders and those secrets that chance may choose, and lists those that only you know. Changes nothing that is there already.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets data/redis data/s3

make() {
  [ -s "secrets/$1" ] || printf '%s\n' "$2" > "secrets/$1"
}
if ! [ -s secrets/redis.conf ] || ! [ -s secrets/redis-url ]; then
  password="$(openssl rand -hex 32)"
  printf 'requirepass %s\n' "$password" > secrets/redis.conf
  printf 'redis://:%s@redis:6379\n' "$password" > secrets/redis-url
fi
# Keep a copy of this one elsewhere: without it no later snapshot has the same pseudonyms.
make prod.key "$(openssl rand -hex 32)"

missing=''
for file in admin.token tls.crt tls.key s3-access-key s3-secret-key mysql-password ldap-password aerogear-password; do
  [ -s "secrets/$file" ] || missing="$missing $file"
done
[ -z "$missing" ] && exit 0
echo "Still to be written into $(pwd)/secrets:$missing" >&2
echo 'admin.token is what `dyn-data token generate` prints; the others come from your own systems.' >&2
exit 1
