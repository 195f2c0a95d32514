#!/bin/bash
# Runs inside the new file system once, after its packages. The paths are those of the official image.
set -e
# Debian makes a cluster of its own at installation; this image makes one at its first start.
rm -rf /var/lib/postgresql /etc/postgresql
install -d -o postgres -g postgres -m 1777 /var/lib/postgresql
mkdir -p /docker-entrypoint-initdb.d
