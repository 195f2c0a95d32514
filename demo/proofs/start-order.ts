import { runOrFail } from '../../scripts/run-command.ts';

/** The services of the example stack that need others, as its depends_on says. */
const needs: Readonly<Record<string, readonly string[]>> = {
  aerogear: ['aerogear-db'],
  tomcat: ['mysql', 'ldap'],
  nginx: ['tomcat', 'aerogear'],
};
const markerPaths: Readonly<Record<string, string>> = {
  mysql: '/var/lib/mysql',
  'aerogear-db': '/var/lib/postgresql',
  ldap: '/var/lib/ldap',
};

/**
 * Whether each container was started after those it needs, and, where one of those holds data, after that data was marked as restored:
 * by the engine's own start times and the time of the marker file in the service's data directory.
 */
export async function startOrder(project: string): Promise<{ holds: boolean; text: string }> {
  const container = (service: string): string => `${project}-${service}-1`;
  const startedMs = async (service: string): Promise<number> =>
    Date.parse(
      (await runOrFail(`Inspecting ${service}`, 'docker', ['inspect', '--format', '{{.State.StartedAt}}', container(service)])).trim(),
    );
  const readyMs = async (service: string): Promise<number> => {
    const folder = markerPaths[service];
    if (folder === undefined) return startedMs(service);
    const printed = await runOrFail(`Reading the marker of ${service}`, 'docker', [
      'exec',
      container(service),
      'sh',
      '-c',
      `stat -c %Y $(find ${folder} -name dyn-data-restored.json)`,
    ]);
    return Number(printed.trim()) * 1000;
  };
  let holds = true;
  const times = new Map<string, number>();
  for (const [service, needed] of Object.entries(needs)) {
    const started = await startedMs(service);
    times.set(service, started);
    for (const other of needed) {
      const ready = await readyMs(other);
      times.set(`${other} ready`, ready);
      if (!(ready <= started)) holds = false;
    }
  }
  const text = [...times].sort(([, a], [, b]) => a - b).map(([name]) => name);
  return { holds, text: text.join(' → ') };
}
