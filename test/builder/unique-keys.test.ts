import { describe, expect, test } from 'vitest';
import { type KeyPart, uniqueKeyOf } from '../../builder/unique-keys.ts';

const stored = new Set(['id', 'email', 'Name', 'first', 'deleted_at', 'data', 'lower', 'date']);
const generated = new Map([
  ['email_key', 'lower(`email`)'],
  ['active', 'if((`deleted_at` is null),1,NULL)'],
  ['again', 'upper(`email_key`)'],
]);
const column = (name: string): KeyPart => ({ column: name, isPrefix: false });
const keyOf = (...parts: readonly KeyPart[]) => uniqueKeyOf(parts, stored, generated);

describe('what a unique index asks of the columns that are stored', () => {
  test('its own, whole or by how they begin', () => {
    expect(keyOf(column('id'), column('email'))).toEqual({ columns: ['id', 'email'], wholeValues: true });
    expect(keyOf({ column: 'email', isPrefix: true })).toEqual({ columns: ['email'], wholeValues: false });
  });

  test.each([
    // As PostgreSQL prints them.
    ['lower(email)', ['email'], 'folded'],
    ['lower((email)::text)', ['email'], 'folded'],
    ['upper(btrim(("Name")::character varying))', ['Name'], 'folded'],
    ['lower((email COLLATE "C"))', ['email'], 'part'],
    ["COALESCE(deleted_at, '1970-01-01 00:00:00'::timestamp without time zone)", ['deleted_at'], 'chosen'],
    ['\nCASE\n    WHEN (deleted_at IS NULL) THEN email\n    ELSE NULL::text\nEND', ['deleted_at', 'email'], 'chosen'],
    ['((first || \' \'::text) || "Name")', ['first', 'Name'], 'chosen'],
    ['"left"((email)::text, 3)', ['email'], 'part'],
    ['((email)::character varying(3))', ['email'], 'part'],
    ['(data ->> 0)', ['data'], 'part'],
    ['(data #>> \'{a,"b c"}\'::text[])', ['data'], 'part'],
    ["left((data ->> 'email'::text), 3)", ['data'], 'part'],
    ["((data ->> 'a'::text) || (data ->> 'b'::text))", ['data'], 'part'],
    ['(id % 10)', ['id'], 'part'],
    ["lower(replace(email, 'first'::text, ''::text))", ['email'], 'part'],
    // As MySQL and MariaDB do.
    ['lower(`email`)', ['email'], 'folded'],
    ['lcase(`email`)', ['email'], 'folded'],
    ["coalesce(`deleted_at`,_utf8mb4\\'it''s first\\')", ['deleted_at'], 'chosen'],
    ['substr(`email`,1,3)', ['email'], 'part'],
    ["cast(json_unquote(json_extract(`data`,_utf8mb4\\'$.email\\')) as char(3) charset utf8mb4)", ['data'], 'part'],
    ["json_contains(`data`,json_extract(`data`,_utf8mb4\\'$.email\\'))", ['data'], 'part'],
  ] as const)('the columns of %s', (expression, columns, computed) => {
    const all = Object.fromEntries(columns.map((name) => [name, computed]));
    expect(keyOf({ expression, isPrefix: false })).toEqual({ columns: [...columns], wholeValues: true, computed: all });
  });

  test.each([
    ["(data ->> 'email'::text)", '$["email"]'],
    ["lower((data ->> 'lower'::text))", '$["lower"]'],
    ["((data -> 'it''s'::text) ->> 'b'::text)", '$["it\'s"]["b"]'],
    ["(data #>> '{a,b}'::text[])", '$["a"]["b"]'],
    ["json_unquote(json_extract(`data`,'$.email'))", '$.email'],
    ["lower(json_unquote(json_extract(`data`,_utf8mb4\\'$.email\\')))", '$.email'],
    ["cast(json_unquote(json_extract(`data`,_utf8mb4\\'$.email\\')) as char(255) charset utf8mb4)", '$.email'],
  ])('the path of %s', (expression, leaf) => {
    expect(keyOf({ expression, isPrefix: false })).toEqual({ columns: ['data'], wholeValues: true, computed: { data: { leaf } } });
  });

  test('each column for itself', () => {
    const keys = keyOf(column('id'), { expression: 'lower(email)', isPrefix: false }, { expression: 'left(first, 3)', isPrefix: false });
    expect(keys).toEqual({ columns: ['id', 'email', 'first'], wholeValues: true, computed: { email: 'folded', first: 'part' } });
    const twice = keyOf({ expression: 'lower(email)', isPrefix: false }, { expression: 'left(email, 3)', isPrefix: false });
    expect(twice?.computed).toEqual({ email: 'part' });
  });

  test('those that generated columns are computed from, through as many as there are', () => {
    expect(keyOf(column('email_key'))).toEqual({ columns: ['email'], wholeValues: true, computed: { email: 'folded' } });
    expect(keyOf(column('again'))).toEqual({ columns: ['email'], wholeValues: true, computed: { email: 'folded' } });
    expect(keyOf(column('Name'), column('active'))).toEqual({
      columns: ['Name', 'deleted_at'],
      wholeValues: true,
      computed: { deleted_at: 'chosen' },
    });
  });

  test('nothing, where no stored column stands in it', () => {
    expect(keyOf({ expression: 'true', isPrefix: false })).toBeUndefined();
  });
});
