#!/bin/bash
# Runs inside the new file system once, after its packages.
set -e
# Debian makes a database of its own at installation; this image makes one at its first start, from its variables.
rm -rf /etc/ldap/slapd.d /var/lib/ldap
install -d -o openldap -g openldap -m 0755 /etc/ldap/slapd.d /var/lib/ldap
