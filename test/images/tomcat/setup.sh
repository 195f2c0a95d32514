#!/bin/bash
# Runs inside the new file system once, after its packages: lays Debian's Tomcat out as the official image has it, in /usr/local/tomcat.
set -e
home=/usr/local/tomcat
mkdir -p $home/{bin,conf,lib,logs,temp,webapps,work}
cp -aL /usr/share/tomcat11/bin/. $home/bin/
cp -a /usr/share/tomcat11/skel/conf/. $home/conf/
ln -s /usr/share/tomcat11/lib/*.jar $home/lib/
ln -s /usr/share/java/mariadb-java-client.jar /usr/share/java/postgresql.jar $home/lib/
# Debian's logging writes files only; a container's log is its output.
cat > $home/conf/logging.properties <<'C'
handlers = java.util.logging.ConsoleHandler
.handlers = java.util.logging.ConsoleHandler
java.util.logging.ConsoleHandler.level = FINE
java.util.logging.ConsoleHandler.formatter = org.apache.juli.OneLineFormatter
java.util.logging.ConsoleHandler.encoding = UTF-8
C
