/**
 * Takes the foreign keys out of the text of SHOW CREATE TABLE, so that tables can be made and filled in any order. The server writes
 * each definition on a line of its own between the first `(` and the closing line; strings and names may hold line breaks, so the
 * text is cut at commas outside of quotes and parentheses, never at lines.
 */
export function splitForeignKeys(create: string): { readonly create: string; readonly constraints: readonly string[] } {
  const open = firstOpening(create);
  const { parts, close } = splitDefinitions(create, open + 1);
  const isForeignKey = (part: string): boolean => /^\s*(?:CONSTRAINT `(?:[^`]|``)*` )?FOREIGN KEY /.test(part);
  const constraints = parts.filter(isForeignKey).map((part) => part.trim());
  if (constraints.length === 0) return { create, constraints };
  const kept = parts.filter((part) => !isForeignKey(part)).map((part) => part.trimEnd());
  return { create: `${create.slice(0, open + 1)}${kept.join(',')}\n${create.slice(close)}`, constraints };
}

/** Without the comments of columns, indexes, partitions and the table: text of people that the copy does not need. */
export function withoutComments(create: string): string {
  return withoutClauses(create, /\s+COMMENT\s*=?\s*$/);
}

/** Without where and how the source's server stores a table or a database: tablespaces, directories and keys that another one does not have. */
export function withoutStorage(create: string): string {
  return withoutClauses(create, /\s+(?:TABLESPACE|(?:DATA|INDEX) DIRECTORY|(?:DEFAULT )?ENCRYPTION)\s*=?\s*$/);
}

/** ARCHIVE refuses every number below its counter, so it must begin without one. It then counts on from the last row. */
export function withoutArchiveCounter(create: string): string {
  const { close } = splitDefinitions(create, firstOpening(create) + 1);
  return create.slice(0, close) + create.slice(close).replace(/^\) ENGINE=ARCHIVE AUTO_INCREMENT=\d+/, ') ENGINE=ARCHIVE');
}

/** Leaves out each clause that ends with a string or a name in backticks; `clause` matches what stands before those. */
function withoutClauses(create: string, clause: RegExp): string {
  let result = '';
  let from = 0;
  for (let index = 0; index < create.length; index += 1) {
    const char = create[index];
    if (char === '`' || char === '"' || char === "'") {
      const before = clause.exec(create.slice(from, index));
      const end = endOfQuoted(create, index);
      if (before) {
        result += create.slice(from, from + before.index);
        from = end + 1;
      }
      index = end;
    }
  }
  return result + create.slice(from);
}

/** The parenthesis that opens the definitions: the first one outside of the table's quoted name. */
export function firstOpening(text: string): number {
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (char === '`') index = endOfQuoted(text, index);
    else if (char === '(') return index;
  }
  return text.length;
}

/** The definitions from `start` to the parenthesis that closes them, each with the white space around it. */
export function splitDefinitions(text: string, start: number): { parts: string[]; close: number } {
  const parts: string[] = [];
  let depth = 0;
  let from = start;
  for (let index = start; index < text.length; index += 1) {
    const char = text[index];
    if (char === '`' || char === "'" || char === '"') index = endOfQuoted(text, index);
    else if (char === '(') depth += 1;
    else if (char === ')') {
      if (depth === 0) return { parts: [...parts, text.slice(from, index)], close: index };
      depth -= 1;
    } else if (char === ',' && depth === 0) {
      parts.push(text.slice(from, index));
      from = index + 1;
    }
  }
  return { parts, close: text.length };
}

/** Index of the closing quote of the quoted run that starts at `start`; doubled quotes and, in strings, backslashes are part of it. */
export function endOfQuoted(text: string, start: number): number {
  const quote = text[start];
  for (let index = start + 1; index < text.length; index += 1) {
    if (text[index] === '\\' && quote !== '`') index += 1;
    else if (text[index] === quote) {
      if (text[index + 1] !== quote) return index;
      index += 1;
    }
  }
  return text.length;
}
