import { randomBytes } from 'node:crypto';
import type { Role } from '../../core/access.ts';
import { newToken } from '../../core/token-text.ts';
import type { IssuedToken, TokenView } from '../../core/tokens.ts';
import type { Context } from '../context.ts';
import { fitTable } from '../fitted-table.ts';
import { formatAge } from '../format.ts';
import { openRegistry } from '../open-registry.ts';
import { openProject } from '../project.ts';

export type TokenCreateOptions = {
  readonly name: string;
  readonly role: Role;
  readonly repositories: readonly string[];
  readonly expiresAt: string | undefined;
};

/** `dyn-data token create NAME`: the text of the new token is the one thing on standard output. */
export async function tokenCreate(context: Context, { name, role, repositories, expiresAt }: TokenCreateOptions): Promise<void> {
  const api = await accessApi(context);
  const request = { name, role, repositories: [...repositories], ...(expiresAt === undefined ? {} : { expiresAt }) };
  printIssued(context, await api.createToken(request), 'made');
}

export async function tokenRotate(context: Context, { id, overlapSeconds }: { id: string; overlapSeconds: number }): Promise<void> {
  printIssued(context, await (await accessApi(context)).rotateToken(id, overlapSeconds), 'given a new secret');
}

export async function tokenRevoke(context: Context, id: string): Promise<void> {
  const token = await (await accessApi(context)).revokeToken(id);
  context.output.result(`The token ${token.id} "${token.name}" is revoked and opens nothing any more.`, { version: 1, token });
}

const columns = [
  { header: 'ID' },
  { header: 'NAME' },
  { header: 'ROLE', dispensable: 1 },
  { header: 'REPOSITORIES', dispensable: 2 },
  { header: 'STATE' },
  { header: 'EXPIRES', dispensable: 3 },
  { header: 'LAST USED', dispensable: 4 },
];

export async function tokenList(context: Context): Promise<void> {
  const api = await accessApi(context);
  const tokens: TokenView[] = [];
  for await (const token of api.tokens()) tokens.push(token);
  const now = context.now();
  const rows = tokens.map(({ id, name, role, repositories, state, expiresAt, lastUsedAt }) => [
    id,
    name,
    role,
    repositories.join(', '),
    state,
    expiresAt ?? 'never',
    lastUsedAt === undefined ? 'never' : formatAge(new Date(lastUsedAt), now),
  ]);
  const text = rows.length === 0 ? 'The registry has no tokens.' : fitTable(columns, rows, context.output.columns);
  context.output.result(text, { version: 1, tokens });
}

export async function tokenShow(context: Context, id: string): Promise<void> {
  const token = await (await accessApi(context)).token(id);
  const secrets = token.secrets.map(({ createdAt, expiresAt }) => [
    'secret',
    `of ${createdAt}${expiresAt === undefined ? '' : `, until ${expiresAt}`}`,
  ]);
  const rows = [
    ['id', token.id],
    ['name', token.name],
    ['role', token.role],
    ['repositories', token.repositories.join(', ')],
    ['state', token.state],
    ['made', `${token.createdAt} by ${token.createdBy}`],
    ['expires', token.expiresAt ?? 'never'],
    ...(token.revokedAt === undefined ? [] : [['revoked', token.revokedAt]]),
    ['last used', token.lastUsedAt ?? 'never'],
    ...secrets,
  ];
  context.output.result(rows.map(([key = '', value = '']) => `${key.padEnd(14)}${value}`).join('\n'), { version: 1, token });
}

/** `dyn-data token generate`: for a registry's configuration, before there is anybody who could make a token. Asks no registry. */
export function tokenGenerate(context: Context): void {
  const { id, text } = newToken(randomBytes);
  context.output.result(text, { version: 1, id, text });
  context.output.note('Put it into a file that only the registry can read, and name that in access.initialAdmin of its configuration.');
}

async function accessApi(context: Context) {
  const { config } = await openProject(context);
  return openRegistry(context, config.registry).access;
}

function printIssued(context: Context, { token, text }: IssuedToken, what: string): void {
  context.output.note(
    `The token ${token.id} "${token.name}" (${token.role} of ${token.repositories.join(', ')}) was ${what}. Its text is shown this once:`,
  );
  context.output.result(text, { version: 1, token, text });
}
