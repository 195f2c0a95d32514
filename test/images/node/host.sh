#!/bin/sh
# Runs on the machine that builds, with the new file system as its argument: Node and npm are packages of the npm registry, not of Debian.
set -eu
project="$RECIPE/../../.."
install -D -m 0755 "$project/node_modules/node/bin/node" "$1/usr/local/bin/node"
PATH="$project/node_modules/.bin:$PATH" npm install --global --prefix "$1/usr/local" --ignore-scripts --no-audit --no-fund npm@11.19.1
cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/ca-certificates.crt"
