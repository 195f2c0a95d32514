#!/bin/bash
# Runs inside the new file system once, after its packages.
set -e
mkdir -p /data
chown redis:redis /data
