import { describe, expect, test } from 'vitest';
import { formatAge, formatBar, formatBytes, formatDuration, formatTable } from '../../client/format.ts';
import { createOutput, type Output, type TextSink } from '../../client/output.ts';
import { eventResult } from '../../client/results/index.ts';
import { DynDataError } from '../../core/errors.ts';

function recorder(isTerminal: boolean, columns?: number): TextSink & { text: string } {
  const sink = {
    text: '',
    isTerminal,
    columns,
    write(text: string) {
      sink.text += text;
    },
  };
  return sink;
}

function outputOn(options: { terminal?: boolean; json?: boolean; events?: boolean; color?: boolean; now?: () => Date }): {
  output: Output;
  stdout: { text: string };
  stderr: { text: string };
} {
  const stdout = recorder(false);
  const stderr = recorder(options.terminal ?? false, options.terminal ? 40 : undefined);
  const { json = false, events = false, color = true, now = () => new Date() } = options;
  return { output: createOutput({ stdout, stderr, json, events, color, now }), stdout, stderr };
}

test('events are lines of JSON, those of progress once a second and at the end', () => {
  let ms = Date.UTC(2026, 0, 1);
  const { output, stderr, stdout } = outputOn({ terminal: true, json: true, events: true, now: () => new Date(ms) });
  output.note('db: starting');
  output.live('db', 'half');
  const rest = { totalBytes: 4, bytesPerSecond: 10, doneRows: 2, totalRows: 8 };
  for (const doneBytes of [1, 2, 3, 4]) {
    output.progress({ service: 'db', doneBytes, ...rest });
    ms += 600;
  }
  output.progress({ service: 'ldap', doneBytes: 1, ...rest });
  output.result('text', { version: 1 });
  const events = stderr.text
    .trimEnd()
    .split('\n')
    .map((line) => eventResult.parse(JSON.parse(line)));
  expect(events.map((one) => (one.event === 'note' ? one.text : `${one.service} ${one.doneBytes}`))).toEqual([
    'db: starting',
    'db 1',
    'db 3',
    'db 4',
    'ldap 1',
  ]);
  expect(events[1]).toEqual({
    version: 1,
    at: '2026-01-01T00:00:00.000Z',
    event: 'progress',
    service: 'db',
    doneBytes: 1,
    ...rest,
  });
  expect(stdout.text).toBe('{"version":1}\n');
});

const escapes = String.fromCharCode(27);

describe('in a pipe', () => {
  test('notes are plain lines, live lines are left out, the result is alone on standard output', () => {
    const { output, stdout, stderr } = outputOn({});
    output.note('one');
    output.live('db', '50 %');
    output.note('two');
    output.result('done', {});
    output.error(new DynDataError('TAG_UNKNOWN', 'No such tag.', { details: ['a', 'b'] }));
    expect(stdout.text).toBe('done\n');
    expect(stderr.text).toBe('one\ntwo\nerror TAG_UNKNOWN: No such tag.\n  a\n  b\n');
  });

  test('--json gives one document and nothing else', () => {
    const { output, stdout, stderr } = outputOn({ json: true });
    output.note('one');
    output.result('done', { a: 1 });
    output.error(new DynDataError('TAG_UNKNOWN', 'No such tag.'));
    expect(stdout.text).toBe('{"a":1}\n');
    expect(JSON.parse(stderr.text)).toEqual({ error: { code: 'TAG_UNKNOWN', message: 'No such tag.', details: [], exitCode: 3 } });
  });
});

describe('on a terminal', () => {
  test('live lines stay below the notes, fit the width and are gone after an error', () => {
    const { output, stderr } = outputOn({ terminal: true });
    output.live('db', 'x'.repeat(60));
    expect(stderr.text).toBe(`${'x'.repeat(39)}\n`);
    output.note('note');
    expect(stderr.text.endsWith(`${escapes}[1A${escapes}[2Knote\n${'x'.repeat(39)}\n`)).toBe(true);
    output.error(new DynDataError('CANCELLED', 'Interrupted.'));
    expect(stderr.text.endsWith(`${escapes}[1A${escapes}[2K${escapes}[31merror CANCELLED:${escapes}[0m Interrupted.\n`)).toBe(true);
  });

  test('NO_COLOR leaves the colour out', () => {
    const { output, stderr } = outputOn({ terminal: true, color: false });
    output.error(new DynDataError('CANCELLED', 'Interrupted.'));
    expect(stderr.text).toBe('error CANCELLED: Interrupted.\n');
  });
});

test('sizes, times, ages, bars and tables are short and aligned', () => {
  expect([0, 999, 1000, 123_456, 5_400_000_000].map(formatBytes)).toEqual(['0 B', '999 B', '1.0 kB', '123 kB', '5.4 GB']);
  expect([0, 1234, 61_000, 3_599_000].map(formatDuration)).toEqual(['0.0 s', '1.2 s', '1 min 1 s', '59 min 59 s']);
  const now = new Date('2024-05-31T12:00:00Z');
  const ages = ['2024-05-31T12:00:01Z', '2024-05-31T11:59:30Z', '2024-05-31T10:59:00Z', '2024-05-29T12:00:00Z', '2022-05-01T00:00:00Z'];
  expect(ages.map((then) => formatAge(new Date(then), now))).toEqual(['now', '30 s', '1 hour', '2 days', '2 years']);
  expect([formatBar(0, 10, 4), formatBar(5, 10, 4), formatBar(20, 10, 4), formatBar(0, 0, 4)]).toEqual([
    '[    ]   0 %',
    '[##  ]  50 %',
    '[####] 100 %',
    '[####] 100 %',
  ]);
  expect(
    formatTable(
      ['A', 'LONG'],
      [
        ['abc', ''],
        ['d', 'e'],
      ],
    ),
  ).toBe('A     LONG\nabc\nd     e');
});
