import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { createByteBuffer } from '../../builder/byte-buffer.ts';
import { chunkSizes } from '../../builder/pack.ts';
import { appendRow } from '../../builder/table-text.ts';
import {
  imageLabels,
  manifestPath,
  manifestSchema,
  manifestSchemaVersion,
  mediaTypes,
  pathSegment,
  tableSegment,
} from '../../core/index.ts';
import { documentShell, documentTable, formatDocument } from '../support/format-document.ts';

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
};

/** Every field of a schema by its path, `[]` for the items of a list. */
function fieldsOf(schema: Schema, prefix = ''): { readonly path: string; readonly optional: boolean }[] {
  if (schema.items) return fieldsOf(schema.items, `${prefix}[]`);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    return [{ path, optional: !schema.required?.includes(name) }, ...fieldsOf(field, path)];
  });
}

const unquoted = (cell: string): string => cell.replaceAll('`', '');

describe('docs/format.md', () => {
  it('names every field of the manifest and no other, and says which are optional', () => {
    const documented = documentTable('field').map(([path = '', type = '']) => ({
      path: unquoted(path),
      optional: type.endsWith(', optional'),
    }));
    expect(documented).toEqual(fieldsOf(z.toJSONSchema(manifestSchema) as Schema));
  });

  it('says the meaning of every field whose name does not', () => {
    const plain = /^`(?:tool\.name|leakScan\.watched\.\w+)`$/;
    expect(documentTable('field').filter(([path = '', , meaning]) => !plain.test(path) && meaning === '')).toEqual([]);
  });

  it('names media types, labels, the manifest and its version, and the sizes of chunks', () => {
    expect(documentTable('part').map(([, type = '']) => unquoted(type))).toEqual(Object.values(mediaTypes));
    expect(
      documentTable('label')
        .map(([label = '']) => unquoted(label))
        .sort(),
    ).toEqual(Object.values(imageLabels).sort());
    expect(formatDocument).toContain(`\`${manifestPath}\``);
    expect(formatDocument).toContain(`schema version ${manifestSchemaVersion} `);
    for (const size of Object.values(chunkSizes)) expect(formatDocument).toContain(String(size));
  });

  it('gives examples of path segments that are so', () => {
    const examples = documentTable('name').map((row) => row.map(unquoted));
    expect(examples.length).toBeGreaterThan(3);
    for (const [name = '', segment] of examples) expect(pathSegment(name)).toBe(segment);
    const folders = documentTable('schema and name');
    expect(folders.length).toBeGreaterThan(3);
    for (const [names = '', folder = ''] of folders) {
      const [schema = '', name = schema] = [...names.matchAll(/`([^`]+)`/g)].map(([, text]) => text);
      expect(tableSegment({ schema, name })).toBe(unquoted(folder));
    }
  });

  it('gives the escapes of all bytes that are escaped', () => {
    const documented = documentTable('in the file').flatMap(([written = '', meaning = '']) => {
      const byte = /^0x([0-9a-f]{2})/.exec(meaning)?.[1];
      return byte === undefined ? [] : [[Number.parseInt(byte, 16), unquoted(written)]];
    });
    const escaped = Array.from({ length: 256 }, (_item, byte) => {
      const buffer = createByteBuffer(8);
      appendRow(buffer, [Uint8Array.of(byte)], ['text']);
      return [byte, buffer.bytes.toString('latin1', 0, buffer.length - 1)] as const;
    }).filter(([byte, text]) => text !== String.fromCharCode(byte));
    expect(new Map(documented as [number, string][])).toEqual(new Map(escaped));
  });

  it('restores a table by hand in at most ten lines', () => {
    for (const name of ['mysql', 'postgres', 'ldap']) {
      const lines = documentShell(name).trimEnd().split('\n');
      expect([name, lines.length <= 10]).toEqual([name, true]);
    }
  });
});
