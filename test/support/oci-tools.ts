import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureImages } from '../../scripts/images.ts';
import { type CommandResult, runCommand, runOrFail } from '../../scripts/run-command.ts';

/** What one program says to log in, to copy an image within the registry, to name its digest, to remove it and to list a repository's tags. */
type Tool = {
  login(host: string): string;
  copy(from: string, to: string): string;
  digest(image: string): string;
  remove(image: string): string;
  list(repository: string): string;
};

/** Each reads the token from $TOKEN, and keeps what it is told in the home folder of its own container. */
export const ociTools: Readonly<Record<string, Tool>> = {
  crane: {
    login: (host) => `printf %s "$TOKEN" | crane auth login --username any --password-stdin ${host}`,
    copy: (from, to) => `crane copy ${from} ${to}`,
    digest: (image) => `crane digest ${image}`,
    remove: (image) => `crane delete ${image}`,
    list: (repository) => `crane ls ${repository}`,
  },
  skopeo: {
    login: (host) => `printf %s "$TOKEN" | skopeo login --tls-verify=false --username any --password-stdin ${host}`,
    copy: (from, to) =>
      `skopeo --insecure-policy copy --preserve-digests --src-tls-verify=false --dest-tls-verify=false docker://${from} docker://${to}`,
    digest: (image) => `skopeo inspect --tls-verify=false --format '{{.Digest}}' docker://${image}`,
    remove: (image) => `skopeo delete --tls-verify=false docker://${image}`,
    list: (repository) => `skopeo list-tags --tls-verify=false docker://${repository}`,
  },
  oras: {
    login: (host) => `printf %s "$TOKEN" | oras login --plain-http --username any --password-stdin ${host}`,
    copy: (from, to) => `oras cp --from-plain-http --to-plain-http ${from} ${to}`,
    digest: (image) => `oras resolve --plain-http ${image}`,
    remove: (image) => `oras manifest delete --plain-http --force ${image}`,
    list: (repository) => `oras repo tags --plain-http ${repository}`,
  },
};

/** A container with the tools on the host's network, for many commands: to make one for each takes longer than most of them. */
export type OciTools = AsyncDisposable & {
  /** @param home a name; commands of the same one find each other's logins */
  run(home: string, command: readonly string[], token?: string): Promise<CommandResult>;
};

/** @param folder is the working directory of the commands, and holds their home folders */
export async function openOciTools(folder: string): Promise<OciTools> {
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  const image = (await ensureImages({ names: ['oci-tools'], log })).OCI_TOOLS_IMAGE ?? '';
  const options = ['--detach', '--rm', '--init', '--network', 'host', '--volume', `${folder}:/work`, '--entrypoint', 'sleep'];
  const container = (await runOrFail('Starting the tools', 'docker', ['run', ...options, image, '86400'])).trim();
  return {
    async run(home, command, token = '') {
      await mkdir(join(folder, home), { recursive: true });
      // skopeo keeps its logins in a run-time folder unless told where.
      const variables = ['TOKEN', `HOME=/work/${home}`, `REGISTRY_AUTH_FILE=/work/${home}/auth.json`];
      const inside = ['--workdir', '/work', ...variables.flatMap((one) => ['--env', one]), container];
      return runCommand('docker', ['exec', ...inside, ...command], { env: { TOKEN: token } });
    },
    async [Symbol.asyncDispose]() {
      await runCommand('docker', ['rm', '--force', '--volumes', container]);
    },
  };
}
