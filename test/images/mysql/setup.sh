#!/bin/bash
# Runs inside the new file system once, after its packages. The user ids are those of the official image, so that volumes can be exchanged.
set -e
groupadd --system --gid 999 mysql
useradd --system --uid 999 --gid 999 --home-dir /var/lib/mysql --no-create-home mysql
install -d -o mysql -g mysql /var/lib/mysql /var/lib/mysql-files
mkdir -p /docker-entrypoint-initdb.d /etc/mysql/conf.d
# As in the official image: no apt-style defaults, only what is mounted into conf.d.
rm -f /etc/mysql/my.cnf /etc/alternatives/my.cnf
cat > /etc/my.cnf <<'C'
[mysqld]
host-cache-size=0
skip-name-resolve
datadir=/var/lib/mysql
socket=/var/run/mysqld/mysqld.sock
secure-file-priv=/var/lib/mysql-files
pid-file=/var/run/mysqld/mysqld.pid
user=mysql
mysqlx=OFF
# A container may not choose its memory nodes; trying only fills the log with warnings.
innodb-numa-interleave=OFF

[client]
socket=/var/run/mysqld/mysqld.sock

!includedir /etc/mysql/conf.d/
C
