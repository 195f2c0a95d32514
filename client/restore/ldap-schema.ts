import type { ServiceContainer } from '../service-container.ts';

/** A definition of a schema: the attribute of `cn=config` that holds it, its text, and the number by which two are the same. */
type Definition = { readonly attribute: string; readonly text: string; readonly oid: string };

/** In this order a server takes them from one entry: each kind refers to those before it. */
const attributes = ['olcLdapSyntaxes', 'olcAttributeTypes', 'olcObjectClasses', 'olcDitContentRules'];

/** The schema that the running server has, as any client sees it: what its programs bring is nowhere else. */
const readSubschema = `for with in "-x -H ldapi:///" "-Q -Y EXTERNAL -H ldapi:///" "-x -H ldap://127.0.0.1" "-x -H ldap://127.0.0.1:1389"; do
  ldapsearch $with -LLL -o ldif-wrap=no -b cn=Subschema -s base '(objectClass=subschema)' ldapSyntaxes attributeTypes objectClasses dITContentRules 2>/dev/null |
    grep -iE '^(ldapSyntaxes|attributeTypes|objectClasses|dITContentRules):' && exit 0
done
exit 1`;
/** What an earlier restore loaded. */
const readOwn = `slapcat -F "$1" -n 0 -o ldif-wrap=no -a '(&(objectClass=olcSchemaConfig)(cn=*dyn-data))' 2>/dev/null | grep -iE '^olc[A-Za-z]+:'; true`;

/** Takes what an earlier restore loaded away and loads what is on standard input instead; the server is stopped. */
export const loadSchema = `set -e
test -e "$1/cn=config.ldif" || exit 80
rm -f "$1"/cn=config/cn=schema/cn=*dyn-data.ldif
if [ "$2" = some ]; then slapadd -F "$1" -n 0 >/dev/null 2>&1; else cat >/dev/null; fi
chown -R --reference="$1/cn=config.ldif" "$1/cn=config"`;

/**
 * Those definitions of a snapshot that the running server does not have by itself, as LDIF for its `cn=config`; empty where it has all.
 * Undefined where the server does not tell its schema.
 */
export async function missingSchema(container: ServiceContainer, config: string, carried: string): Promise<string | undefined> {
  const wanted = definitionsOf(carried);
  if (wanted.length === 0) return '';
  const found = await container.exec(['sh', '-c', readSubschema]);
  if (found.exitCode !== 0) return undefined;
  const own = new Set(definitionsOf((await container.exec(['sh', '-c', readOwn, 'sh', config])).stdout).map(idOf));
  const known = new Set(
    definitionsOf(found.stdout)
      .map(idOf)
      .filter((id) => !own.has(id)),
  );
  const missing = wanted.filter((definition) => !known.has(idOf(definition)));
  if (missing.length === 0) return '';
  const lines = attributes.flatMap((attribute) =>
    missing
      .filter((definition) => definition.attribute === attribute)
      .map(({ text }) => `${attribute}:: ${Buffer.from(text).toString('base64')}`),
  );
  return ['dn: cn=dyn-data,cn=schema,cn=config', 'objectClass: olcSchemaConfig', 'cn: dyn-data', ...lines, '', ''].join('\n');
}

function idOf({ attribute, oid }: Definition): string {
  return `${attribute} ${oid}`;
}

/** Out of LDIF with unfolded lines, under the names of `cn=config` or of the subschema; in `cn=config` each has its place in front. */
function definitionsOf(ldif: string): Definition[] {
  return ldif.split('\n').flatMap((line): Definition[] => {
    const [, name = '', encoded, value = ''] = /^([A-Za-z]+):(:?) ?(.*)$/.exec(line) ?? [];
    const attribute = attributes.find((one) => [one.toLowerCase(), one.slice('olc'.length).toLowerCase()].includes(name.toLowerCase()));
    if (attribute === undefined) return [];
    const text = (encoded === '' ? value : Buffer.from(value, 'base64').toString()).replace(/^\{\d+\}/, '');
    const oid = /^\(\s*([\w.-]+)/.exec(text)?.[1];
    return oid === undefined ? [] : [{ attribute, text, oid }];
  });
}
