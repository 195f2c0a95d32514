import type { ServiceContainer } from '../service-container.ts';

/** A definition of a schema: the attribute of `cn=config` that holds it, its text, and the number by which two are the same. */
type Definition = { readonly attribute: string; readonly text: string; readonly oid: string };

/** In this order a server takes them from one entry: each kind refers to those before it. */
const attributes = ['olcLdapSyntaxes', 'olcAttributeTypes', 'olcObjectClasses', 'olcDitContentRules'];

/** Every server has the first and tells of it in no schema; the second is not loaded where no overlay keeps it. */
const unlisted = ['subtreespecification', 'memberof'];

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

export type MissingSchema = {
  /** For the server's `cn=config`; empty where it has all definitions. */
  readonly ldif: string;
  /** Whether the server's configuration has to change: something is missing, or an earlier restore left something. */
  readonly changes: boolean;
  /** Of these attributes, those that neither the server nor the snapshot defines: an overlay of the source does. */
  unknown(attributes: readonly string[]): string[];
};

/** Those definitions of a snapshot that the running server does not have by itself. Undefined where it does not tell its schema. */
export async function missingSchema(container: ServiceContainer, config: string, carried: string): Promise<MissingSchema | undefined> {
  const wanted = definitionsOf(carried);
  if (wanted.length === 0) return { ldif: '', changes: true, unknown: () => [] };
  const found = await container.exec(['sh', '-c', readSubschema]);
  if (found.exitCode !== 0) return undefined;
  const present = definitionsOf(found.stdout);
  const own = new Set(definitionsOf((await container.exec(['sh', '-c', readOwn, 'sh', config])).stdout).map(idOf));
  const known = new Set(present.map(idOf).filter((id) => !own.has(id)));
  const missing = wanted.filter((definition) => !known.has(idOf(definition)));
  const names = new Set([...unlisted, ...[...present, ...missing].flatMap(namesOf)]);
  const unknown: MissingSchema['unknown'] = (used) => used.filter((one) => !names.has((one.split(';')[0] ?? one).toLowerCase()));
  if (missing.length === 0) return { ldif: '', changes: own.size > 0, unknown };
  const lines = attributes.flatMap((attribute) =>
    missing
      .filter((definition) => definition.attribute === attribute)
      .map(({ text }) => `${attribute}:: ${Buffer.from(text).toString('base64')}`),
  );
  return {
    ldif: ['dn: cn=dyn-data,cn=schema,cn=config', 'objectClass: olcSchemaConfig', 'cn: dyn-data', ...lines, '', ''].join('\n'),
    changes: true,
    unknown,
  };
}

function idOf({ attribute, oid }: Definition): string {
  return `${attribute} ${oid}`;
}

/** Of an attribute type, in lower case. */
function namesOf({ attribute, text }: Definition): string[] {
  if (attribute !== 'olcAttributeTypes') return [];
  const [, one = '', several = ''] = /\sNAME\s+(?:('[^']*')|\(([^)]*)\))/.exec(text) ?? [];
  return `${one} ${several}`.toLowerCase().match(/[a-z0-9][a-z0-9.-]*/g) ?? [];
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
