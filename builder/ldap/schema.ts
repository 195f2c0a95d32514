import { DynDataError } from '../../core/index.ts';
import { createByteBuffer } from '../byte-buffer.ts';
import type { SchemaFile } from '../extraction.ts';
import { readTexts } from './entries.ts';
import { createEntryWriter } from './ldif.ts';
import type { Search } from './search.ts';

/** What the subschema calls its definitions, and what `cn=config` does. */
const kinds = [
  ['ldapSyntaxes', 'olcLdapSyntaxes'],
  ['attributeTypes', 'olcAttributeTypes'],
  ['objectClasses', 'olcObjectClasses'],
  ['dITContentRules', 'olcDitContentRules'],
] as const;

/** OpenLDAP's own arcs of its configuration, its monitor and its experiments: they come with the server's programs, and are never loaded. */
const ownArcs = /^\(\s*1\.3\.6\.1\.4\.1\.4203\.(?:1\.12|666)\./;

/** What the directory says of its own structure: definitions by their kind, in lower case. */
export type Subschema = ReadonlyMap<string, readonly string[]>;

/** @throws DynDataError SOURCE_PERMISSION_DENIED where the schema cannot be read */
export async function readSubschema(sourceName: string, search: Search, base: string, signal: AbortSignal): Promise<Subschema> {
  const [place = ''] = (await readTexts(search, base, ['subschemaSubentry'], signal)).get('subschemasubentry') ?? [];
  const names = kinds.map(([name]) => name);
  const entry: Subschema = place === '' ? new Map() : await readTexts(search, place, names, signal, '(objectClass=subschema)');
  if (!entry.has('attributetypes') || !entry.has('objectclasses')) {
    throw new DynDataError(
      'SOURCE_PERMISSION_DENIED',
      `The bind DN of the LDAP source "${sourceName}" may not read the schema. Grant it read access to the entry that subschemaSubentry names (cn=Subschema).`,
    );
  }
  return entry;
}

/**
 * The definitions that the directory's entries can use, as one entry below `cn=schema,cn=config`, in the server's order: each after those that
 * it refers to. They are all there, the usual ones too; whoever loads them takes those that the server does not have. Operational
 * attributes are left out: a server has them from its programs alone.
 */
export function schemaFile(subschema: Subschema): SchemaFile {
  const definitions = kinds.map(
    ([name, configured]) =>
      [configured, (subschema.get(name.toLowerCase()) ?? []).filter((value) => isLoadable(name, value)).map(toBytes)] as const,
  );
  const out = createByteBuffer(64 * 1024);
  const dn = 'cn=dyn-data,cn=schema,cn=config';
  createEntryWriter()(out, {
    dn,
    attributes: new Map([['objectClass', [toBytes('olcSchemaConfig')]], ['cn', [toBytes('dyn-data')]], ...definitions]),
  });
  return { name: 'schema.ldif', text: out.bytes.toString('utf8', 0, out.length) };
}

function isLoadable(kind: (typeof kinds)[number][0], definition: string): boolean {
  if (ownArcs.test(definition)) return false;
  // A syntax is a program, unless it stands for another one.
  if (kind === 'ldapSyntaxes') return definition.includes('X-SUBST');
  const withoutTexts = definition.replaceAll(/'[^']*'/g, '');
  return kind !== 'attributeTypes' || !/\sUSAGE\s+(?!userApplications)|\sNO-USER-MODIFICATION\s/.test(withoutTexts);
}

function toBytes(text: string): Uint8Array {
  return Buffer.from(text);
}
