/**
 * A part of what pg_dump writes for after the rows. `index` (a key too) and `reference` are single statements on one table, which do not depend on
 * others of the same kind; `setting` changes the session; `other` is any number of statements, in their order.
 */
export type Part = {
  readonly kind: 'index' | 'reference' | 'setting' | 'other';
  readonly text: string;
  /** As written, of an index or a reference. */
  readonly table?: string;
};

const name = String.raw`(?:"(?:[^"]|"")+"|[\w$\u0080-\uffff]+)`;
const table = String.raw`(${name}(?:\.${name})?)`;
const alter = String.raw`ALTER TABLE (?:ONLY )?${table}\s+ADD CONSTRAINT ${name} `;

/** What pg_dump writes, whole: anything else is `other`. */
const forms: readonly { readonly kind: Part['kind']; readonly form: RegExp }[] = [
  { kind: 'index', form: new RegExp(`^CREATE (?:UNIQUE )?INDEX ${name} ON (?:ONLY )?${table} USING `) },
  { kind: 'index', form: new RegExp(String.raw`^${alter}(?:PRIMARY KEY|UNIQUE|EXCLUDE)\b`) },
  { kind: 'reference', form: new RegExp(String.raw`^${alter}FOREIGN KEY\b`) },
  { kind: 'setting', form: /^SET [a-z_]+ = [^;]*;$/ },
  { kind: 'setting', form: /^SELECT pg_catalog\.set_config\('search_path', '', false\);$/ },
];

/** Splits a script of pg_dump; all parts in their order are the whole script. */
export function partsOf(script: string): Part[] {
  const parts: Part[] = [];
  for (const text of statementsOf(script)) {
    const statement = text.replace(/^(?:\s+|--[^\n]*(?:\n|$))+/, '');
    const found = statement.endsWith(';') ? forms.find(({ form }) => form.test(statement)) : undefined;
    const target = found?.form.exec(statement)?.[1];
    const last = parts.at(-1);
    if (found) parts.push({ kind: found.kind, text, ...(target === undefined ? {} : { table: target }) });
    else if (last?.kind === 'other') parts[parts.length - 1] = { kind: 'other', text: last.text + text };
    else parts.push({ kind: 'other', text });
  }
  // What is only white space and comments is nothing to be run.
  return parts.filter(({ kind, text }) => kind !== 'other' || text.replaceAll(/\s+|--[^\n]*(?:\n|$)/g, '') !== '');
}

const special = /['"$;]|--|\/\*/g;
const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const wordBefore = /[\w$\u0080-\uffff]/;

/**
 * Each statement with its semicolon and what stands before it; what follows the last one is a piece too. A semicolon inside of texts, names
 * and comments ends nothing. One in the body of a routine (BEGIN ATOMIC) or a rule does: those pieces are none of the forms above, so they
 * stay together.
 */
function* statementsOf(script: string): Generator<string> {
  let start = 0;
  let at = 0;
  for (;;) {
    special.lastIndex = at;
    const found = special.exec(script);
    if (!found) break;
    at = endOf(script, found.index, found[0]);
    if (found[0] !== ';') continue;
    yield script.slice(start, at);
    start = at;
  }
  if (start < script.length) yield script.slice(start);
}

/** Where what begins there ends. What has no end ends with the script. */
function endOf(script: string, at: number, begins: string): number {
  const after = (index: number, length: number): number => (index < 0 ? script.length : index + length);
  switch (begins) {
    case ';':
      return at + 1;
    case '--':
      return after(script.indexOf('\n', at), 1);
    case '/*':
      return endOfComment(script, at);
    case '"':
      return after(script.indexOf('"', at + 1), 1);
    case "'":
      return endOfText(script, at);
    default: {
      dollarTag.lastIndex = at;
      const tag = wordBefore.test(script[at - 1] ?? '') ? undefined : dollarTag.exec(script)?.[0];
      return tag === undefined ? at + 1 : after(script.indexOf(tag, at + tag.length), tag.length);
    }
  }
}

function endOfText(script: string, at: number): number {
  const isEscaped = /[eE]/.test(script[at - 1] ?? '') && !wordBefore.test(script[at - 2] ?? '');
  for (let index = at + 1; index < script.length; index += 1) {
    if (isEscaped && script[index] === '\\') index += 1;
    else if (script[index] === "'") return index + 1;
  }
  return script.length;
}

/** Comments of this form can stand in each other. */
function endOfComment(script: string, at: number): number {
  let depth = 0;
  const edge = /\/\*|\*\//g;
  edge.lastIndex = at;
  for (let found = edge.exec(script); found; found = edge.exec(script)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return script.length;
}
