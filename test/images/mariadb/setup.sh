#!/bin/bash
# Runs inside the new file system once, after its packages. The user ids are those of the official image, so that volumes can be exchanged.
set -e
groupadd --system --gid 999 mysql
useradd --system --uid 999 --gid 999 --home-dir /var/lib/mysql --no-create-home mysql
install -d -o mysql -g mysql /var/lib/mysql
mkdir -p /etc/mysql/conf.d
# As in the official image: the client has no other name than its own.
rm -f /usr/bin/mysql
rm -f /etc/mysql/my.cnf /etc/alternatives/my.cnf
cat > /etc/mysql/my.cnf <<'C'
[mariadbd]
host-cache-size=0
skip-name-resolve
datadir=/var/lib/mysql
socket=/run/mysqld/mysqld.sock
pid-file=/run/mysqld/mysqld.pid
user=mysql

[client-server]
socket=/run/mysqld/mysqld.sock

!includedir /etc/mysql/conf.d/
C
