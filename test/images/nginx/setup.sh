#!/bin/bash
# Runs inside the new file system once, after its packages. Paths and main configuration are those of the official image: the sites are
# the files of /etc/nginx/conf.d, the logs go to the container's output.
set -e
rm -rf /etc/nginx/sites-enabled /etc/nginx/sites-available /etc/nginx/conf.d/*
cat > /etc/nginx/nginx.conf <<'C'
user www-data;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log /var/log/nginx/access.log;
    sendfile on;
    keepalive_timeout 65;
    include /etc/nginx/conf.d/*.conf;
}
C
cat > /etc/nginx/conf.d/default.conf <<'C'
server {
    listen 80;
    location / {
        root /usr/share/nginx/html;
        index index.html;
    }
}
C
mkdir -p /var/log/nginx
ln -sf /dev/stdout /var/log/nginx/access.log
ln -sf /dev/stderr /var/log/nginx/error.log
