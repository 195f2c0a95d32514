#!/bin/bash
# Does for this image what docker-entrypoint.sh of the official MySQL image does, for the variables that this project uses:
# MYSQL_ROOT_PASSWORD or MYSQL_ALLOW_EMPTY_PASSWORD, MYSQL_ROOT_HOST, MYSQL_DATABASE, MYSQL_USER, MYSQL_PASSWORD (and NAME_FILE for each).
set -euo pipefail
shopt -s nullglob extglob

if [ "${1:0:1}" = '-' ]; then set -- mysqld "$@"; fi
if [ "$1" != mysqld ]; then exec "$@"; fi

as_mysql=(setpriv --reuid=mysql --regid=mysql --init-groups --)
datadir=/var/lib/mysql
socket=/var/run/mysqld/mysqld.sock

# /run is empty in a new container.
install -d -o mysql -g mysql -m 1777 /var/run/mysqld
chown mysql:mysql "$datadir"

value_of() {
  local file="${1}_FILE"
  if [ -n "${!file:-}" ]; then cat "${!file}"; else printf '%s' "${!1:-}"; fi
}

# A value as an SQL string in quotes. --init-file wants each statement on one line, so a newline inside a value is refused.
sql_string() {
  case "$1" in *$'\n'*) echo "A MYSQL_ variable contains a newline; it must be one line." >&2; exit 1 ;; esac
  local text="${1//\\/\\\\}"
  printf "'%s'" "${text//\'/\\\'}"
}

if [ ! -d "$datadir/mysql" ]; then
  root_password="$(value_of MYSQL_ROOT_PASSWORD)" user="$(value_of MYSQL_USER)" password="$(value_of MYSQL_PASSWORD)"
  if [ -z "$root_password" ] && [ -z "${MYSQL_ALLOW_EMPTY_PASSWORD:-}" ]; then
    echo "The database is not initialised and no password is given: set MYSQL_ROOT_PASSWORD (or MYSQL_ALLOW_EMPTY_PASSWORD)." >&2
    exit 1
  fi
  # What a start that was killed half way left behind: without the folder mysql nothing of it is a database.
  if [ -e "$datadir/.initialising" ]; then find "$datadir" -mindepth 1 -delete; fi
  statements="$(mktemp -d)"
  sql="$statements/accounts.sql"
  # The folder mysql is the mark of a finished initialisation, so everything is built beside it and it is moved last.
  building="$datadir/.initialising"
  {
    echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $(sql_string "$root_password");"
    root_host="${MYSQL_ROOT_HOST-%}"
    if [ -n "$root_host" ] && [ "$root_host" != localhost ]; then
      echo "CREATE USER 'root'@$(sql_string "$root_host") IDENTIFIED BY $(sql_string "$root_password");"
      echo "GRANT ALL ON *.* TO 'root'@$(sql_string "$root_host") WITH GRANT OPTION;"
    fi
    if [ -n "${MYSQL_DATABASE:-}" ]; then echo "CREATE DATABASE \`${MYSQL_DATABASE//\`/\`\`}\`;"; fi
    if [ -n "$user" ] && [ -n "$password" ]; then
      echo "CREATE USER $(sql_string "$user")@'%' IDENTIFIED BY $(sql_string "$password");"
      if [ -n "${MYSQL_DATABASE:-}" ]; then
        database="${MYSQL_DATABASE//\`/\`\`}"
        database="${database//_/\\_}"
        echo "GRANT ALL ON \`$database\`.* TO $(sql_string "$user")@'%';"
      fi
    fi
  } > "$sql"
  chown -R mysql:mysql "$statements"
  echo "Initialising the database ..."
  # --initialize runs without any listener, TCP or socket, so nothing can reach the server before the accounts exist.
  mkdir "$building" && chown mysql:mysql "$building"
  "${as_mysql[@]}" mysqld --initialize-insecure --init-file="$sql" --datadir="$building/data" --user=mysql
  rm -rf "$statements"

  scripts=(/docker-entrypoint-initdb.d/*)
  if [ ${#scripts[@]} -gt 0 ]; then
    "${as_mysql[@]}" mysqld --skip-networking --datadir="$building/data" --socket="$socket" &
    client=(mysql --protocol=socket --socket="$socket" -uroot)
    export MYSQL_PWD="$root_password"
    until "${client[@]}" -e 'SELECT 1' >/dev/null 2>&1; do kill -0 $! && sleep 0.1; done
    for script in "${scripts[@]}"; do
      echo "Running $script"
      case "$script" in
        *.sh) bash "$script" ;;
        *.sql) "${client[@]}" ${MYSQL_DATABASE:+"$MYSQL_DATABASE"} < "$script" ;;
        *.sql.gz) zcat "$script" | "${client[@]}" ${MYSQL_DATABASE:+"$MYSQL_DATABASE"} ;;
        *) echo "Ignoring $script" ;;
      esac
    done
    kill -TERM $! && wait $!
    unset MYSQL_PWD
  fi
  mv "$building/data"/!(mysql) "$datadir"/
  mv "$building/data/mysql" "$datadir"/
fi
rm -rf "$datadir/.initialising"
exec "${as_mysql[@]}" "$@"
