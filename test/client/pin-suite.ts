import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseLockfile } from '../../client/lockfile.ts';
import type { ClientProject } from '../support/client-project.ts';
import { type CommandsStack, composeFile } from '../support/commands-stack.ts';
import { type DataImage, makeDataImage } from '../support/data-image.ts';
import { imageVariables } from '../support/engine.ts';
import { postgresSource } from '../support/shop-data.ts';
import type { SmallRegistry } from '../support/small-registry.ts';

/** @param stack whose data services hold something; afterwards they hold what is pinned, and a lock is there */
export function pinSuite(stack: () => CommandsStack): void {
  describe('a pin', () => {
    let registry: SmallRegistry;
    let client: ClientProject;
    let may: DataImage;
    const images = imageVariables();

    beforeAll(async () => {
      ({ registry, client } = stack());
      may = await makeDataImage([postgresSource({ installations: 20 })]);
      registry.add('shop', 'latest', may);
    });
    afterAll(async () => {
      for (const { digest } of [may, await june()]) await client.docker(['image', 'rm', `${registry.host}/shop@${digest}`]);
    });
    const june = () => makeDataImage([postgresSource({ installations: 30 })]);
    const lockPath = () => join(client.folder, 'dyn-data.lock');
    const rows = async (): Promise<string> =>
      (
        await client.docker([
          'exec',
          `${stack().project}-push-db-1`,
          'psql',
          '-U',
          'push',
          '-d',
          'push',
          '-XAtc',
          'SELECT COUNT(*) FROM installation',
        ])
      ).stdout.trim();
    const containers = async (): Promise<string> =>
      (await client.docker(['ps', '-aq', '--no-trunc', '--filter', `label=com.docker.compose.project=${stack().project}`])).stdout;

    test('--locked without a lock is refused', async () => {
      const up = await client.run(['up', '--locked', 'latest']);
      expect(up.stderr).toContain('error LOCK_MISSING');
      expect(up.exitCode).toBe(2);
    });

    test('names the data and the digest of every image, and is written once', async () => {
      const pinned = await client.run(['pin', 'latest']);
      expect(pinned.stderr).toBe('');
      expect(pinned.stdout).toContain('Pinned latest (sha256:');
      const text = await readFile(lockPath(), 'utf8');
      const inspect = ['image', 'inspect', '--format', '{{.Id}}'];
      const idOf = async (name = '') => (await client.docker([...inspect, name])).stdout.trim();
      expect(parseLockfile(text, 'dyn-data.lock')).toEqual({
        version: 2,
        repository: 'shop',
        digest: may.digest,
        reference: 'latest',
        policy: may.manifest.policy.digest,
        key: 'test-key',
        images: {
          'push-db': { image: images.POSTGRES_IMAGE, digest: await idOf(images.POSTGRES_IMAGE) },
          speaker: { image: images.NGINX_IMAGE, digest: await idOf(images.NGINX_IMAGE) },
        },
      });
      const again = await client.run(['pin', '--json']);
      expect(JSON.parse(again.stdout)).toMatchObject({ version: 1, changed: false, differences: [] });
      expect(await readFile(lockPath(), 'utf8')).toBe(text);
    });

    test('gives the same data after the tag moved, to pull and to up', async () => {
      registry.add('shop', 'latest', await june());
      expect(JSON.parse((await client.run(['pull', '--json'])).stdout)).toMatchObject({ digest: may.digest, reference: 'latest' });
      const up = await client.run(['up', '--locked', '--json']);
      expect(up.exitCode, up.stderr).toBe(0);
      expect(JSON.parse(up.stdout)).toMatchObject({ digest: may.digest });
      expect(await rows()).toBe('20');
      expect((await client.run(['pull', 'latest'])).stdout).toContain('(alone, up takes what dyn-data.lock pins: latest)');
    });

    test('--locked refuses other data, another image and another service, and starts nothing', async () => {
      const before = await containers();
      const { digest } = await june();
      const otherData = await client.run(['up', 'latest', '--locked']);
      expect(otherData.stderr).toContain('error LOCK_MISMATCH');
      expect(otherData.stderr).toContain(`  data: locked ${may.digest} (latest), here ${digest} (latest)`);
      expect(otherData.exitCode).toBe(4);
      const otherImage = await client.run(['up', '--locked'], { NGINX_IMAGE: images.POSTGRES_IMAGE ?? '' });
      expect(otherImage.stderr).toMatch(/^ {2}image of speaker: locked \S+ sha256:[0-9a-f]{64}, here \S+ sha256:[0-9a-f]{64}$/m);
      expect(otherImage.exitCode).toBe(4);
      await writeFile(join(client.folder, 'docker-compose.yml'), composeFile.replace('  speaker:', '  other:'));
      const otherService = await client.run(['up', '--locked']);
      expect(otherService.stderr).toContain('  service other: not in the lock');
      expect(otherService.stderr).toContain('  service speaker: locked with');
      await writeFile(join(client.folder, 'docker-compose.yml'), composeFile);
      expect(await containers()).toBe(before);
    });

    test('a lock that was edited is refused where it says another policy or key than the data has', async () => {
      const before = await containers();
      const text = await readFile(lockPath(), 'utf8');
      await writeFile(lockPath(), text.replace('key: test-key', 'key: other-key'));
      const up = await client.run(['up', '--locked']);
      await writeFile(lockPath(), text);
      expect(up.stderr).toContain('  key: locked other-key, the data has test-key');
      expect(up.exitCode).toBe(4);
      expect(await containers()).toBe(before);
    });

    test('pinning anew says what changed', async () => {
      const { digest } = await june();
      const pinned = await client.run(['pin', 'latest']);
      expect(pinned.stdout).toContain(`  data: was ${may.digest} (latest), now ${digest} (latest)`);
      expect(parseLockfile(await readFile(lockPath(), 'utf8'), '')).toMatchObject({ digest });
    });
  });
}
