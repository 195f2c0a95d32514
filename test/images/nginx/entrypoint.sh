#!/bin/bash
# The official image also fills templates in /etc/nginx/templates; the stack of this project uses plain files in conf.d only.
set -e
exec "$@"
