#!/bin/bash
# Takes the variables and the volumes of osixia/openldap: LDAP_ORGANISATION, LDAP_DOMAIN, LDAP_BASE_DN (made from LDAP_DOMAIN where
# empty), LDAP_ADMIN_PASSWORD, LDAP_CONFIG_PASSWORD. The first start writes the configuration; the base entry is made only when the
# server itself starts on an empty database, so that a one-off `slapadd` of a whole directory meets no entry in its way.
set -euo pipefail

if [ $# -eq 0 ] || [ "${1:0:1}" = '-' ]; then set -- slapd "$@"; fi

config=/etc/ldap/slapd.d
data=/var/lib/ldap
: "${LDAP_ORGANISATION:=Example Inc.}" "${LDAP_DOMAIN:=example.org}" "${LDAP_BASE_DN:=}" "${LDAP_ADMIN_PASSWORD:=admin}"
: "${LDAP_CONFIG_PASSWORD:=config}"
base="${LDAP_BASE_DN:-dc=${LDAP_DOMAIN//./,dc=}}"

if [ ! -e "$config/cn=config.ldif" ]; then
  modules="$(echo /usr/lib/ldap)"
  # Hashed here, and handed to slapadd on standard input: no password is on a command line or in a file.
  admin_hash="$(slappasswd -n -T <(printf '%s' "$LDAP_ADMIN_PASSWORD"))"
  config_hash="$(slappasswd -n -T <(printf '%s' "$LDAP_CONFIG_PASSWORD"))"
  root='gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth'
  building="$config/.initialising"
  rm -rf "$building"
  mkdir -p "$building"
  slapadd -n 0 -F "$building" <<LDIF
dn: cn=config
objectClass: olcGlobal
cn: config
olcPidFile: /var/run/slapd/slapd.pid
olcArgsFile: /var/run/slapd/slapd.args
olcLogLevel: none

dn: cn=module{0},cn=config
objectClass: olcModuleList
cn: module{0}
olcModulePath: $modules
olcModuleLoad: back_mdb
olcModuleLoad: syncprov

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

include: file:///etc/ldap/schema/core.ldif

include: file:///etc/ldap/schema/cosine.ldif

include: file:///etc/ldap/schema/nis.ldif

include: file:///etc/ldap/schema/inetorgperson.ldif

dn: olcDatabase={-1}frontend,cn=config
objectClass: olcDatabaseConfig
objectClass: olcFrontendConfig
olcDatabase: {-1}frontend
olcSizeLimit: 500

dn: olcDatabase={0}config,cn=config
objectClass: olcDatabaseConfig
olcDatabase: {0}config
olcRootDN: cn=admin,cn=config
olcRootPW: $config_hash
olcAccess: to * by dn.exact=$root manage by * break

dn: olcDatabase={1}mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {1}mdb
olcDbDirectory: $data
olcSuffix: $base
olcRootDN: cn=admin,$base
olcRootPW: $admin_hash
olcDbMaxSize: 8589934592
olcDbIndex: objectClass,entryUUID,entryCSN eq
olcDbIndex: uid,mail,cn,sn,member eq
olcLastMod: TRUE
olcAccess: to * by dn.exact=$root manage by * break
olcAccess: to attrs=userPassword by self write by anonymous auth by * none
olcAccess: to * by self read by users read by * none

dn: olcOverlay={0}syncprov,olcDatabase={1}mdb,cn=config
objectClass: olcOverlayConfig
objectClass: olcSyncProvConfig
olcOverlay: {0}syncprov
LDIF
  mv "$building/cn=config" "$config/"
  # Last, because its presence says that the configuration is whole.
  mv "$building/cn=config.ldif" "$config/"
  rmdir "$building"
fi

if [ "$1" = slapd ] && [ ! -e "$data/data.mdb" ]; then
  first="${base%%,*}"
  attribute="${first%%=*}"
  value="${first#*=}"
  case "$attribute" in
    dc) class=dcObject ;;
    o) class='' ;;
    *) echo "The first part of LDAP_BASE_DN must be dc= or o=, not $attribute=." >&2; exit 1 ;;
  esac
  {
    echo "dn: $base"
    echo "objectClass: top"
    echo "objectClass: organization"
    if [ -n "$class" ]; then echo "objectClass: $class"; echo "dc: $value"; fi
    # Base64, for names outside ASCII; an organisation named by its DN must carry that very name.
    printf 'o:: %s\n' "$(printf '%s' "$([ "$attribute" = o ] && echo "$value" || echo "$LDAP_ORGANISATION")" | base64 -w0)"
  } | slapadd -n 1 -w -F "$config"
fi

mkdir -p /var/run/slapd
chown -R openldap:openldap "$config" "$data" /var/run/slapd
# slapd closes no file below this limit at its start; an engine's default of a million makes that slow and its tables large.
ulimit -n 4096 2>/dev/null || true
if [ "$1" != slapd ]; then exec "$@"; fi
shift
exec slapd -d 0 -u openldap -g openldap -F "$config" -h 'ldap:/// ldapi:///' "$@"
