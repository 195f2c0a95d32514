#!/bin/bash
# Does for this image what docker-entrypoint.sh of the official MariaDB image does, for the variables that this project uses:
# MARIADB_ROOT_PASSWORD (or MYSQL_ROOT_PASSWORD, which the official image still takes).
set -euo pipefail

if [ "${1:0:1}" = '-' ]; then set -- mariadbd "$@"; fi
if [ "$1" != mariadbd ]; then exec "$@"; fi

as_mysql=(setpriv --reuid=mysql --regid=mysql --init-groups --)
datadir=/var/lib/mysql

# /run is empty in a new container.
install -d -o mysql -g mysql -m 1777 /run/mysqld
chown mysql:mysql "$datadir"

if [ ! -d "$datadir/mysql" ]; then
  password="${MARIADB_ROOT_PASSWORD:-${MYSQL_ROOT_PASSWORD:-}}"
  if [ -z "$password" ]; then
    echo "The database is not initialised and no password is given: set MARIADB_ROOT_PASSWORD." >&2
    exit 1
  fi
  case "$password" in *$'\n'*) echo "MARIADB_ROOT_PASSWORD contains a newline; it must be one line." >&2; exit 1 ;; esac
  text="${password//\\/\\\\}"
  text="'${text//\'/\\\'}'"
  echo "Initialising the database ..."
  # The folder mysql is the mark of a finished initialisation, so everything is built beside it and it is moved last.
  building="$datadir/.initialising"
  rm -rf "$building"
  install -d -o mysql -g mysql "$building"
  "${as_mysql[@]}" mariadb-install-db --no-defaults --user=mysql --datadir="$building" --auth-root-authentication-method=normal \
    --skip-test-db --skip-name-resolve --old-mode= > /dev/null
  {
    # What is made for the machine's own addresses would go before the account for all of them.
    echo "DELETE FROM mysql.global_priv WHERE User IN ('root', '') AND Host <> 'localhost';"
    echo "DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';"
    echo "FLUSH PRIVILEGES;"
    echo "ALTER USER root@localhost IDENTIFIED BY $text;"
    echo "CREATE USER root@'%' IDENTIFIED BY $text;"
    echo "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;"
  } | "${as_mysql[@]}" mariadbd --no-defaults --bootstrap --datadir="$building" > /dev/null
  find "$building" -mindepth 1 -maxdepth 1 ! -name mysql -exec mv -t "$datadir" {} +
  mv "$building/mysql" "$datadir/mysql"
fi
rm -rf "$datadir/.initialising"
exec "${as_mysql[@]}" "$@"
