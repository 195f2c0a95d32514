#!/bin/bash
# Does for this image what docker-entrypoint.sh of the official PostgreSQL image does, for the variables that this project uses:
# POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB (and NAME_FILE for each), POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD.
set -euo pipefail
shopt -s nullglob

if [ "${1:0:1}" = '-' ]; then set -- postgres "$@"; fi
if [ "$1" != postgres ]; then exec "$@"; fi

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  # /run is empty in a new container.
  install -d -o postgres -g postgres -m 3777 /var/run/postgresql
  find /var/lib/postgresql /var/run/postgresql \! -user postgres -exec chown postgres:postgres {} +
  exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi

value_of() {
  local file="${1}_FILE"
  if [ -n "${!file:-}" ]; then cat "${!file}"; else printf '%s' "${!1:-}"; fi
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  user="$(value_of POSTGRES_USER)" password="$(value_of POSTGRES_PASSWORD)" database="$(value_of POSTGRES_DB)"
  user="${user:-postgres}" database="${database:-$user}" method="${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}"
  if [ -z "$password" ] && [ "$method" != trust ]; then
    echo "The database is not initialised and no password is given: set POSTGRES_PASSWORD." >&2
    exit 1
  fi
  # Built beside and moved: a start that is killed half way is not mistaken for a finished one.
  building="$(dirname "$PGDATA")/.initialising"
  rm -rf "$building"
  read -ra initdb_args <<< "${POSTGRES_INITDB_ARGS:-}"
  initdb --pgdata="$building" --username="$user" --pwfile=<(printf '%s\n' "$password") --no-sync \
    --auth-local=trust --auth-host=trust "${initdb_args[@]}"
  printf '\nhost all all all %s\n' "$method" >> "$building/pg_hba.conf"
  printf "listen_addresses = '*'\n" >> "$building/postgresql.conf"

  # Reachable through the socket only until everything is in place.
  pg_ctl --pgdata="$building" --wait --options="-c listen_addresses= -p 5432" --log=/dev/null start
  client=(psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$user")
  if [ "$database" != postgres ]; then
    "${client[@]}" --dbname=postgres --set=database="$database" --quiet <<< 'CREATE DATABASE :"database";'
  fi
  for script in /docker-entrypoint-initdb.d/*; do
    echo "Running $script"
    case "$script" in
      *.sh) bash "$script" ;;
      *.sql) "${client[@]}" --dbname="$database" --file="$script" ;;
      *.sql.gz) zcat "$script" | "${client[@]}" --dbname="$database" ;;
      *) echo "Ignoring $script" ;;
    esac
  done
  pg_ctl --pgdata="$building" --mode=fast --wait stop
  rmdir "$PGDATA"
  mv "$building" "$PGDATA"
fi
exec "$@"
