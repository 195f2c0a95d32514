#!/bin/bash
# What images of OpenLDAP do with LDIF files that are mounted into them (osixia/openldap: config/bootstrap/ldif/custom): at the first start a
# server on a socket alone, `ldapadd` of each file, and then the server itself.
set -euo pipefail
entrypoint=/usr/local/bin/docker-entrypoint.sh
if ! [ -e /var/lib/ldap/.ldif-added ]; then
  "$entrypoint" slapd -h ldapi:/// &
  until ldapsearch -Q -Y EXTERNAL -H ldapi:/// -b '' -s base > /dev/null 2>&1; do sleep 0.1; done
  for file in /ldif/*.ldif; do
    # The image has made the base entry already: its refusal (68) is no failure, every other one is.
    ldapadd -c -Q -Y EXTERNAL -H ldapi:/// -f "$file" > /dev/null || [ $? = 68 ]
  done
  kill -TERM $! && wait $! || true
  touch /var/lib/ldap/.ldif-added
fi
exec "$entrypoint" "$@"
