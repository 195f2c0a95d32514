#!/bin/sh
# Leads an nginx on this machine to another port: writes the file that its configuration includes, and has it read anew. Connections that are
# open are served to their end. nginx must be reloadable by whoever runs this; as a container:
#   NGINX_RELOAD='docker exec front nginx -s reload'
set -eu
file="${NGINX_UPSTREAM:-/etc/nginx/dyn-data-upstream.conf}"
printf 'upstream test_server { server 127.0.0.1:%s; }\n' "$1" > "$file.new"
mv "$file.new" "$file"
${NGINX_RELOAD:-nginx -s reload}
