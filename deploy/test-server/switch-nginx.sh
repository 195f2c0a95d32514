#!/bin/sh
# Leads an nginx on this machine to another port: writes the file that its configuration includes, and has it read anew. Connections that are
# open are served to their end. nginx must be reloadable by whoever runs this; as a container:
#   NGINX_RELOAD='docker exec front nginx -s reload'
set -eu
file="${NGINX_UPSTREAM:-/etc/nginx/dyn-data-upstream.conf}"
printf 'upstream test_server { server 127.0.0.1:%s; }\n' "$1" > "$file.new"
if [ -e "$file" ]; then cp -p "$file" "$file.before"; fi
mv "$file.new" "$file"
if ! ${NGINX_RELOAD:-nginx -s reload}; then
  # nginx goes on with what it has read, and is to find the same when it is started again.
  if [ -e "$file.before" ]; then mv "$file.before" "$file"; else rm "$file"; fi
  echo "nginx did not read $file anew; it is as it was." >&2
  exit 1
fi
rm -f "$file.before"
