#!/bin/bash
# Runs inside the new file system once, after its packages.
set -e
mkdir -p /etc/ceph /var/lib/ceph/mon /var/lib/ceph/osd /var/run/ceph /var/log/ceph
