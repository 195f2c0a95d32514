import { type ClientProject, createClientProject } from './client-project.ts';
import { type DataImage, makeDataImage, type SourceContent } from './data-image.ts';
import { imageVariables } from './engine.ts';
import { postgresSource, pushDbService } from './shop-data.ts';
import { type SmallRegistry, startSmallRegistry } from './small-registry.ts';

export const composeFile = `
services:
${pushDbService}  speaker:
    image: \${NGINX_IMAGE}
    entrypoint: ["sh", "-c", "echo to out; echo to err >&2; exec sleep 1000"]
    init: true
    depends_on: [push-db]
volumes: { push: }
`;

/** A stack that is up with the snapshot `first`, for tests of what commands say of it; `tampered` is another one that is not what its manifest says. */
export type CommandsStack = AsyncDisposable & {
  /** Of Compose. */
  readonly project: string;
  readonly client: ClientProject;
  readonly registry: SmallRegistry;
  readonly image: DataImage;
  readonly tampered: DataImage;
};

/** @param project of Compose, and no other test's */
export async function openCommandsStack(project: string): Promise<CommandsStack> {
  const registry = await startSmallRegistry();
  const source = postgresSource({ installations: 2500 });
  const image = await makeDataImage([source]);
  registry.add('shop', 'first', image);
  const tampered = await makeDataImage([withChanged(source)]);
  registry.add('shop', 'tampered', tampered);
  const client = await createClientProject({ registry: registry.url, project, composeFile, env: imageVariables() });
  const disposeAll = async (): Promise<void> => {
    await client.run(['down', '-v']);
    for (const { digest } of [image, tampered]) await client.docker(['image', 'rm', `${registry.host}/shop@${digest}`]);
    await client[Symbol.asyncDispose]();
    await registry.close();
  };
  const up = await client.run(['up', 'first']);
  if (up.exitCode !== 0) {
    await disposeAll();
    throw new Error(`The stack does not come up:\n${up.stderr}`);
  }
  return { project, client, registry, image, tampered, [Symbol.asyncDispose]: disposeAll };
}

/** The first and the last chunk hold other bytes than the manifest says. */
function withChanged(source: SourceContent): SourceContent {
  return {
    ...source,
    tables: source.tables.map((table) => ({
      ...table,
      chunks: table.chunks.map((chunk, index) => (index === 1 ? chunk : { ...chunk, storedText: chunk.text.replace(/alias\d/, 'aliasX') })),
    })),
  };
}
