import { DynDataError } from '../../core/errors.ts';
import { tokenIdOf } from '../../core/token-text.ts';
import type { Identity } from '../../core/tokens.ts';
import type { Context } from '../context.ts';
import { credentialsFile, originOf, removeToken, saveToken } from '../credentials.ts';
import { lastLines } from '../process.ts';
import { openProject } from '../project.ts';
import { createRegistryApi } from '../registry-api.ts';

const dockerTimeoutMs = 60_000;
/** Docker asks for a name; the registry does not look at it. */
const dockerUser = 'dyn-data';

export type LoginOptions = { readonly registry: string | undefined; readonly plainHttp: boolean; readonly docker: boolean };

/** `dyn-data login`: tries a token, stores it for this user and gives it to docker too, which pulls the images. */
export async function login(context: Context, { registry: given, plainHttp, docker }: LoginOptions): Promise<void> {
  const registry = originOf(given ?? (await openProject(context)).config.registry);
  if (!plainHttp && travelsReadable(registry)) {
    const message = `${registry} speaks no TLS: everybody on the way could read the token. Give an https:// address, or add --plain-http if nobody is on that way.`;
    throw new DynDataError('USAGE', message);
  }
  const text = await context.readHidden(`Token for ${registry}: `);
  if (tokenIdOf(text) === undefined)
    throw new DynDataError('USAGE', 'This is no whole token: it begins with dd_ and has 68 characters. Give exactly what you were given.');
  const identity = await createRegistryApi({ registry, signal: context.signal, readToken: async () => text }).access.identity();
  if (identity.kind === 'local') {
    context.output.result(`${registry} asks for no token; nothing was stored.`, {
      version: 1,
      registry,
      identity,
      stored: false,
      docker: false,
    });
    return;
  }
  await saveToken(context.env, registry, text);
  const isDockerLoggedIn = docker && (await dockerLogin(context, registry, text));
  const lines = [
    `Logged in to ${registry} as ${describe(identity)}`,
    `  stored in ${credentialsFile(context.env)}${isDockerLoggedIn ? ', and with docker' : ''}`,
  ];
  context.output.result(lines.join('\n'), { version: 1, registry, identity, stored: true, docker: isDockerLoggedIn });
}

/** `dyn-data logout`: forgets the token here; it stays valid until it is revoked. */
export async function logout(context: Context, given: string | undefined): Promise<void> {
  const registry = originOf(given ?? (await openProject(context)).config.registry);
  const wasLoggedIn = await removeToken(context.env, registry);
  await context.processes.run('docker', ['logout', new URL(registry).host], { timeoutMs: dockerTimeoutMs });
  const text = wasLoggedIn
    ? `Logged out of ${registry}. The token itself is still valid; an admin can end it: dyn-data token revoke ID`
    : `You were not logged in to ${registry}.`;
  context.output.result(text, { version: 1, registry, wasLoggedIn });
}

async function dockerLogin(context: Context, registry: string, text: string): Promise<boolean> {
  const args = ['login', '--username', dockerUser, '--password-stdin', new URL(registry).host];
  const done = await context.processes.run('docker', args, { input: text, timeoutMs: dockerTimeoutMs });
  if (done.exitCode === 0) return true;
  const reason =
    done.exitCode === 127
      ? 'it is not installed'
      : lastLines({ ...done, stdout: '' }, 1)
          .join(' ')
          .replaceAll(text, '(token)');
  context.output.note(`docker is not logged in (${reason}); \`docker pull\` will be refused until it is.`);
  return false;
}

function describe({ name, role, repositories, expiresAt }: Identity): string {
  return `"${name}": ${role} of ${repositories.join(', ')}${expiresAt === undefined ? '' : `, until ${expiresAt}`}`;
}

function travelsReadable(registry: string): boolean {
  const { protocol, hostname } = new URL(registry);
  return protocol === 'http:' && !(hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname));
}
