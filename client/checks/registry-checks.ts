import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { scopesCover } from '../../core/access.ts';
import type { Context } from '../context.ts';
import { readToken } from '../credentials.ts';
import { formatAge } from '../format.ts';
import { openRegistry } from '../open-registry.ts';
import { type Project, readIfThere } from '../project.ts';
import { type Check, fail, failed, ok, warn } from './check.ts';

const answerTimeoutMs = 10_000;
/** The Date header has whole seconds, and an answer takes its time. */
const clockWarnsMs = 30_000;
/** Tokens that end, and presigned addresses, are off by this much. */
const clockFailsMs = 300_000;
const expiryWarnsMs = 7 * 86_400_000;

const dockerConfigSchema = z.object({
  auths: z.optional(z.record(z.string(), z.unknown())),
  credHelpers: z.optional(z.record(z.string(), z.unknown())),
});

/** Whether the registry answers, whether both clocks agree, and whether it lets this user in. */
export async function checkRegistry(context: Context, project: Project): Promise<Check[]> {
  const { registry } = project.config;
  const askedMs = context.now().getTime();
  let answer: Response;
  try {
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(answerTimeoutMs)]);
    answer = await fetch(`${registry.replace(/\/+$/, '')}/v2/`, { signal, redirect: 'manual' });
    await answer.body?.cancel();
  } catch (error) {
    if (context.signal.aborted) throw error;
    const cure = 'See that it runs and that `registry` in dyn-data.yaml is its address, and that no firewall is between.';
    return [fail('registry', 'REGISTRY_UNREACHABLE', `${registry} does not answer`, cure)];
  }
  if (answer.status !== 200 && answer.status !== 401) {
    const cure = 'Correct `registry` in dyn-data.yaml, or look at the log of the registry and of a proxy before it.';
    return [fail('registry', 'REGISTRY_FAILED', `${registry} answers with status ${answer.status}, as no registry does`, cure)];
  }
  const clock = checkClock(answer.headers.get('date'), (askedMs + context.now().getTime()) / 2);
  return [ok('registry', `${registry} answers`), clock, ...(await checkCredentials(context, project))];
}

function checkClock(date: string | null, nowMs: number): Check {
  const theirsMs = Date.parse(date ?? '');
  if (Number.isNaN(theirsMs)) return ok('clock', 'the registry does not tell its time; not compared');
  const offMs = nowMs - theirsMs;
  const found = `${Math.round(Math.abs(offMs) / 1000)} s ${offMs < 0 ? 'behind' : 'ahead of'} the registry's`;
  const cure = 'Set the clock of this machine, or of the registry, by NTP (timedatectl set-ntp true).';
  if (Math.abs(offMs) > clockFailsMs) return fail('clock', 'CLOCK_SKEWED', found, cure);
  return Math.abs(offMs) > clockWarnsMs ? warn('clock', found, cure) : ok('clock', "as the registry's");
}

async function checkCredentials(context: Context, project: Project): Promise<Check[]> {
  const { registry, repository } = project.config;
  const name = 'credentials';
  try {
    const token = await readToken(context.env, registry);
    const identity = await openRegistry(context, registry).access.identity();
    if (identity.kind === 'local') return [ok(name, 'the registry asks for none')];
    const { role, repositories, expiresAt } = identity;
    const until = expiresAt === undefined ? '' : `, until ${expiresAt}`;
    const found = `"${identity.name}": ${role} of ${repositories.join(', ')}${until}`;
    if (!scopesCover(repositories, repository))
      return [
        fail(name, 'ACCESS_DENIED', `${found}; not of ${repository}`, `Ask an admin for a token for ${repository}, then: dyn-data login`),
      ];
    const leftMs = expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt) - context.now().getTime();
    const own =
      leftMs < expiryWarnsMs
        ? warn(
            name,
            `${found} (${formatAge(context.now(), new Date(expiresAt ?? ''))} left)`,
            'Ask an admin for a new token, then: dyn-data login',
          )
        : ok(name, found);
    return [own, ...(token === undefined ? [] : [await checkDockerLogin(context, project.registryHost)])];
  } catch (error) {
    return [failed(name, error)];
  }
}

/** Only whether docker has something for the registry; what it has is not looked at. */
async function checkDockerLogin({ env }: Context, host: string): Promise<Check> {
  const file = join(env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker'), 'config.json');
  const name = 'docker login';
  const cure = 'Let docker pull the images too: dyn-data login';
  let known: boolean;
  try {
    const { auths = {}, credHelpers = {} } = dockerConfigSchema.parse(JSON.parse((await readIfThere(file)) ?? '{}'));
    known = host in auths || host in credHelpers;
  } catch {
    return warn(name, `${file} cannot be read as JSON`, cure);
  }
  return known ? ok(name, `docker is logged in to ${host}`) : warn(name, `docker is not logged in to ${host}`, cure);
}
