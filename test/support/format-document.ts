import { readFile } from 'node:fs/promises';

/** The text of docs/format.md. */
export const formatDocument = await readFile(new URL('../../docs/format.md', import.meta.url), 'utf8');

/** The cells of the table whose first heading is this, row by row, without the heading. */
export function documentTable(heading: string): string[][] {
  const lines = formatDocument.split('\n');
  const cells = (line: string): string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const start = lines.findIndex((line) => line.startsWith('|') && cells(line)[0] === heading);
  if (start < 0) throw new Error(`docs/format.md has no table "${heading}".`);
  const length = lines.slice(start).findIndex((line) => !line.startsWith('|'));
  return lines.slice(start + 2, start + length).map(cells);
}

/** The shell of a block that opens with "```bash name". */
export function documentShell(name: string): string {
  const block = new RegExp(`^\`\`\`bash ${name}\n(.*?)^\`\`\`$`, 'ms').exec(formatDocument);
  if (!block) throw new Error(`docs/format.md has no shell block "${name}".`);
  return block[1] ?? '';
}
