#!/bin/bash
# Redis as its official image runs it: reachable from outside the container, with whatever arguments come after `redis-server`.
set -euo pipefail
[ "${1:-}" != redis-server ] && [ "${1#-}" = "${1:-}" ] && exec "$@"
[ "${1:-}" = redis-server ] && shift
cd /data
find . \! -user redis -exec chown redis:redis {} +
exec setpriv --reuid=redis --regid=redis --clear-groups redis-server --bind '*' --protected-mode no "$@"
