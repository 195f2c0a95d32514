import { parseArgs } from 'node:util';
import { DynDataError, toDynDataError } from '../core/errors.ts';
import { defaultProject, removeSample, seedSample } from './seed-sample.ts';
import { defaultSeed, isSampleSize, sampleSizes } from './sizes.ts';

const usage = `Usage: node sample/seed.ts --size ${Object.keys(sampleSizes).join('|')} [--seed N] [--project NAME]
       node sample/seed.ts --down [--project NAME]

Image names and ports are taken from the environment, see docker-compose.dev.yml.`;

const main = async (signal: AbortSignal): Promise<void> => {
  const { values } = parseArgs({
    options: {
      size: { type: 'string' },
      seed: { type: 'string', default: String(defaultSeed) },
      project: { type: 'string', default: defaultProject },
      down: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  if (values.down) {
    await removeSample({ project: values.project, env: process.env, signal });
    return;
  }
  const seed = Number(values.seed);
  if (values.size === undefined || !isSampleSize(values.size) || !Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new DynDataError('USAGE', `Give a size and, if at all, a seed from 0 to 4294967295.\n${usage}`);
  const { mysql, ldap, postgres } = await seedSample({
    size: values.size,
    seed,
    project: values.project,
    env: process.env,
    log: (line) => console.log(line),
    signal,
  });
  console.log(`ready: MySQL ${mysql.host}:${mysql.port}, LDAP ${ldap.host}:${ldap.port}, PostgreSQL ${postgres.host}:${postgres.port}`);
};

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());
try {
  await main(interrupted.signal);
} catch (thrown) {
  const wrongOption = thrown instanceof TypeError && 'code' in thrown && String(thrown.code).startsWith('ERR_PARSE_ARGS');
  const error = wrongOption ? new DynDataError('USAGE', `${thrown.message}\n${usage}`) : toDynDataError(thrown);
  console.error([error.message, ...error.details].join('\n'));
  process.exitCode = error.exitCode;
}
