import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runOrFail } from '../../scripts/run-command.ts';

const findPlugin = '{{range .ClientInfo.Plugins}}{{if eq .Name "compose"}}{{.Path}}{{end}}{{end}}';
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * From now on `docker compose …` of this process and of all that it starts is the Compose plugin itself, begun as docker begins it. Docker first
 * starts the plugin once more to ask what it is, which costs twice as much processor time as most commands of Compose, and tests give hundreds.
 * Where a test replaces PATH, or names docker by its path, it gets docker's own way.
 * @returns puts everything back
 */
export async function startComposeItself(): Promise<() => Promise<void>> {
  const docker = (await runOrFail('Finding docker', 'sh', ['-c', 'command -v docker'])).trim();
  const plugin = (await runOrFail('Finding the Compose plugin', 'docker', ['info', '--format', findPlugin])).trim();
  // Installed in a way that docker does not tell of.
  if (plugin === '') return async () => undefined;
  const path = process.env.PATH ?? '';
  const folder = await mkdtemp(join(tmpdir(), 'dyn-data-docker-'));
  const script = `#!/bin/sh
[ "$1" = compose ] && DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND=docker exec ${quoted(plugin)} "$@"
exec ${quoted(docker)} "$@"
`;
  await writeFile(join(folder, 'docker'), script, { mode: 0o755 });
  process.env.PATH = `${folder}${delimiter}${path}`;
  return async () => {
    process.env.PATH = path;
    await rm(folder, { recursive: true, force: true });
  };
}
