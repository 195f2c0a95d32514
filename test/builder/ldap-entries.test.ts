import fc from 'fast-check';
import { BerReader, BerWriter, SearchEntry } from 'ldapts';
import { describe, expect, it } from 'vitest';
import { type Content, createMessageCutter } from '../../builder/ldap/messages.ts';
import { createEntryReader, type WireEntry } from '../../builder/ldap/wire-entries.ts';

type Attributes = readonly (readonly [name: string, values: readonly Uint8Array[]])[];

/** A message of RFC 4511 with one entry, as a server writes it. */
function message(id: number, dn: string, attributes: Attributes): Uint8Array {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  writer.startSequence(0x64);
  writer.writeString(dn);
  writer.startSequence();
  for (const [name, values] of attributes) {
    writer.startSequence();
    writer.writeString(name);
    writer.startSequence(0x31);
    for (const value of values) writer.writeBuffer(Buffer.from(value), 0x04);
    writer.endSequence();
    writer.endSequence();
  }
  writer.endSequence();
  writer.endSequence();
  writer.endSequence();
  return Uint8Array.from(writer.buffer);
}

/** Where the entry stands in its message: after the number and the entry's own header. */
function entryIn({ bytes, start, end }: Content): WireEntry {
  const reader = new BerReader(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start));
  reader.readInt();
  reader.readSequence(0x64);
  return { bytes, start: start + reader.offset, end };
}

const name = fc.constantFrom('cn', 'cn;lang-fr', 'userCertificate;binary', 'objectClass', 'mail', '2.5.4.3', 'x-très');
const attributes = fc.uniqueArray(fc.tuple(name, fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 })), {
  selector: ([one]) => one,
  maxLength: 6,
});
const entries = fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 200 }), attributes), { maxLength: 12 });

describe('the answers of a directory', () => {
  it('are cut into messages however they come, and read as ldapts reads them', () => {
    fc.assert(
      fc.property(entries, fc.infiniteStream(fc.integer({ min: 1, max: 700 })), (given, sizes) => {
        const sent = given.map(([dn, list], index) => message(index + 2, dn, list));
        const wire = Buffer.concat(sent);
        const cut: Content[] = [];
        const receive = createMessageCutter((one) => cut.push(one));
        // The socket's memory is used again and again.
        const memory = new Uint8Array(700);
        for (let at = 0; at < wire.length; ) {
          const size = Math.min(sizes.next().value as number, wire.length - at);
          memory.set(wire.subarray(at, at + size));
          receive(memory.subarray(0, size));
          at += size;
        }
        expect(cut.map(({ bytes, start, end }) => Buffer.from(bytes.subarray(start, end)).toString('hex'))).toEqual(
          sent.map((one) => {
            const reader = new BerReader(Buffer.from(one));
            reader.readSequence();
            return Buffer.from(one.subarray(reader.offset)).toString('hex');
          }),
        );
        const { entry, addAttributes, dn } = createEntryReader();
        for (const one of cut) {
          const found = entryIn(one);
          const ours = entry(found);
          const theirs = new SearchEntry({ messageId: 2 });
          theirs.parseMessage(new BerReader(Buffer.from(found.bytes.subarray(found.start, found.end))));
          expect([ours.dn, dn(found)]).toEqual([theirs.name, theirs.name]);
          expect([...ours.attributes].map(([type, values]) => [type, values.map((value) => Buffer.from(value).toString('hex'))])).toEqual(
            theirs.attributes
              .filter(({ values }) => values.length > 0)
              .map(({ type, parsedBuffers }) => [type, parsedBuffers.map((value) => value.toString('hex'))]),
          );
          const names = new Set<string>();
          addAttributes(found, names);
          if (names.size > 0) expect([...names]).toEqual(theirs.attributes.map(({ type }) => type));
        }
      }),
    );
  });

  it('give the attributes of every kind of entry, of which the next ones add none', () => {
    const { addAttributes } = createEntryReader();
    const found = new Set<string>();
    for (const list of [
      ['cn', 'sn'],
      ['cn', 'sn'],
      ['cn', 'mail'],
      ['cn', 'sn'],
    ]) {
      const bytes = message(
        2,
        'cn=a',
        list.map((one) => [one, []]),
      );
      addAttributes(entryIn({ bytes, start: 2, end: bytes.length }), found);
    }
    expect([...found]).toEqual(['cn', 'sn', 'mail']);
  });

  it.each([
    ['no sequence', [0x02, 0x01, 0x01]],
    ['a length without end', [0x30, 0x80, 0x02, 0x01]],
    ['a length beyond all memory', [0x30, 0x86, 0x7f, 0, 0, 0, 0, 0]],
  ])('that are %s are no LDAP', (_what, bytes) => {
    const receive = createMessageCutter(() => undefined);
    expect(() => receive(Uint8Array.from(bytes))).toThrow('is not LDAP');
  });

  it('of which a part says that it is longer than the whole are no LDAP', () => {
    const bytes = message(2, 'cn=a', [['cn', [Buffer.from('a')]]]);
    const wire = entryIn({ bytes, start: 2, end: bytes.length });
    for (let at = wire.start; at < wire.end; at += 1) {
      const changed = bytes.slice();
      changed[at] = 0x7e;
      const { entry } = createEntryReader();
      try {
        // What still reads is another text, never a view beyond the entry.
        for (const values of entry({ ...wire, bytes: changed }).attributes.values())
          for (const value of values) expect(value.byteOffset + value.length).toBeLessThanOrEqual(changed.byteOffset + wire.end);
      } catch (error) {
        expect(error).toMatchObject({ code: 'SOURCE_FAILED' });
      }
    }
  });
});
