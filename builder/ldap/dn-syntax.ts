/** DN, and name with an optional UID (RFC 4517, 3.3.9 and 3.3.21). */
const dnSyntaxes: ReadonlySet<string> = new Set(['1.3.6.1.4.1.1466.115.121.1.12', '1.3.6.1.4.1.1466.115.121.1.34']);

type AttributeType = { readonly names: readonly string[]; readonly parent: string | undefined; readonly syntax: string | undefined };

/**
 * The attributes whose values are DNs, by every name and number they have, in lower case: those of DN syntax, and those that have it from the
 * one that they are a kind of.
 * @param attributeTypes definitions as a subschema has them (RFC 4512, 4.1.2)
 */
export function dnAttributesOf(attributeTypes: readonly string[]): string[] {
  const types = attributeTypes.map(readAttributeType);
  const byName = new Map(types.flatMap((type) => type.names.map((name) => [name, type] as const)));
  const isDn = (type: AttributeType, seen: readonly AttributeType[]): boolean => {
    if (type.syntax !== undefined) return dnSyntaxes.has(type.syntax);
    const parent = type.parent === undefined ? undefined : byName.get(type.parent);
    return parent !== undefined && !seen.includes(parent) && isDn(parent, [...seen, type]);
  };
  return types.filter((type) => isDn(type, [])).flatMap(({ names }) => names);
}

function readAttributeType(definition: string): AttributeType {
  // What is between quotes is a name, or a text in which anything can stand; some servers write the number of a syntax so too.
  const withoutTexts = definition.replaceAll(/'[^']*'/g, "''");
  const [, oid = ''] = /^\(\s*([^\s)]+)/.exec(definition) ?? [];
  const [, one, several = ''] = /\sNAME\s+(?:'([^']*)'|\(([^)]*)\))/.exec(definition) ?? [];
  const [, parent] = /\sSUP\s+([^\s)]+)/.exec(withoutTexts) ?? [];
  const [, syntax] = /\sSYNTAX\s+([\d.]+)/.exec(withoutTexts) ?? /\sSYNTAX\s+'([\d.]+)/.exec(definition) ?? [];
  const names = one === undefined ? [...several.matchAll(/'([^']*)'/g)].map(([, name = '']) => name) : [one];
  return { names: [...names, oid].filter(Boolean).map((name) => name.toLowerCase()), parent: parent?.toLowerCase(), syntax };
}
