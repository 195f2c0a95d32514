import { DynDataError, errorKinds } from '../../core/errors.ts';
import type { PolicyCheck, PolicyPreview } from '../../core/policy-tools.ts';
import type { Context } from '../context.ts';
import { formatTable, shortDigest } from '../format.ts';
import { openRegistry } from '../open-registry.ts';
import type { TextSink } from '../output.ts';
import { openProject } from '../project.ts';

export type PolicyCheckOptions = {
  readonly environment: string;
  /** Rows of each table to be shown with their real values; undefined for none. */
  readonly preview: number | undefined;
  readonly isPrintingForced: boolean;
  /** Where the result goes. */
  readonly terminal: Pick<TextSink, 'isTerminal' | 'columns'>;
};

/**
 * `dyn-data policy check ENV`. Gives the exit code: 0 where a build would take the policy, 4 where it would not.
 * @throws DynDataError ACCESS_DENIED for a preview that would not go to a terminal
 */
export async function policyCheck(context: Context, options: PolicyCheckOptions): Promise<number> {
  const { environment, preview: rows } = options;
  if (rows !== undefined && !options.terminal.isTerminal && !options.isPrintingForced) {
    throw new DynDataError(
      'ACCESS_DENIED',
      'A preview shows real data, and standard output is no terminal: it would end up in a file or a log. Run it on a terminal, or add --yes-print-real-data.',
    );
  }
  const { config } = await openProject(context);
  const api = openRegistry(context, config.registry);
  const check = await api.checkPolicy(environment);
  const refused = check.invalid.length > 0 || check.undecided.length > 0;
  // Rows can be shown only by a plan that is complete.
  const preview = rows === undefined || refused ? undefined : await api.previewPolicy(environment, rows);
  const text = [...checkLines(check), ...(preview ? previewLines(preview, options.terminal.columns) : [])].join('\n');
  context.output.result(text, preview ? { ...check, preview } : check);
  if (rows !== undefined && refused) context.output.note('No preview: the policy must decide everything first.');
  return refused ? errorKinds.POLICY_UNDECIDED.exitCode : 0;
}

const signs = { new: '+', gone: '-', changed: '~' } as const;

function checkLines(check: PolicyCheck): string[] {
  const { plan, invalid, undecided, patch, drift } = check;
  const rows = plan.map(({ source, section, name, type, rule }) => [
    source,
    section,
    name || '(all)',
    type ?? '-',
    rule === undefined ? 'UNDECIDED' : shortened(rule),
  ]);
  const since = drift.since ? `the snapshot ${shortDigest(drift.since.digest)} of ${drift.since.takenAt}` : undefined;
  return [
    formatTable(['SOURCE', 'TABLE', 'COLUMN', 'TYPE', 'RULE'], rows),
    '',
    ...(since === undefined
      ? ['There is no snapshot of this environment yet to compare with.']
      : drift.changes.length === 0
        ? [`Nothing changed since ${since}.`]
        : [`Changed since ${since}:`, ...drift.changes.map(({ change, what, place }) => `  ${signs[change]} ${what} ${place}`)]),
    ...(drift.since?.policyChanged ? ['That snapshot was made by another policy than the present one.'] : []),
    ...(invalid.length > 0 ? ['', 'Rules that do not fit; correct them in the policy:', ...invalid.map((line) => `  ${line}`)] : []),
    ...(undecided.length > 0
      ? ['', `Not decided, so a build stops and reads nothing (${undecided.length}):`, ...undecided.map((line) => `  ${line}`)]
      : []),
    ...(patch.length > 0
      ? ['', `A patch for ${check.policyFile}; look at every line before you take it:`, ...patch.map((line) => `  ${line}`)]
      : []),
    ...(invalid.length === 0 && undecided.length === 0 ? ['', 'The policy decides everything.'] : []),
  ];
}

/** A constant can be a whole certificate. */
const shownRuleChars = 80;

function shortened(rule: string): string {
  return rule.length > shownRuleChars ? `${rule.slice(0, shownRuleChars - 1)}…` : rule;
}

const defaultColumns = 100;

function previewLines(preview: PolicyPreview, columns: number | undefined): string[] {
  const width = Math.max(20, Math.floor(((columns ?? defaultColumns) - 30) / 2));
  return [
    '',
    'REAL DATA below, for your eyes only: clear the terminal when you are done.',
    ...preview.tables.flatMap(({ source, section, rows, problems }) => [
      ...rows.flatMap((row, index) => [
        '',
        `${source} ${section}, row ${index + 1}`,
        formatTable(
          ['  COLUMN', 'BEFORE', 'AFTER'],
          row.map(({ name, before, after }) => [`  ${name}`, shown(before, width), before === after ? '=' : shown(after, width)]),
        ),
      ]),
      ...problems.map((problem) => `${source} ${section}: a row cannot be shown: ${printable(problem)}`),
    ]),
  ];
}

function shown(value: string | null, width: number): string {
  if (value === null) return 'NULL';
  const text = printable(value);
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** Data must not steer the terminal: control characters, and those that turn the direction of writing, are shown as a dot. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '·');
}
