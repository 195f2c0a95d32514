import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DynDataError, parseClientConfig, parseRegistryConfig } from '../../core/index.ts';

const refusal = (work: () => unknown): DynDataError => {
  try {
    work();
  } catch (error) {
    if (error instanceof DynDataError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('dyn-data.yaml', () => {
  it('is read', () => {
    const text =
      'version: 1\nregistry: http://127.0.0.1:5000\nrepository: dynamease\nstack:\n  files: [docker-compose.yml]\n  configDirs: [DYNAMEASE_CONFIG_DIR]\n';
    expect(parseClientConfig(text, 'dyn-data.yaml')).toMatchObject({
      repository: 'dynamease',
      stack: { configDirs: ['DYNAMEASE_CONFIG_DIR'] },
    });
  });

  it('names every offending key and prints no value', () => {
    const text = 'version: 1\nregistry: hunter2-secret\nrepository: UPPER-secret\nstack: { files: [] }\npassword: s3cret\n';
    const error = refusal(() => parseClientConfig(text, 'dyn-data.yaml'));
    expect(error.code).toBe('CONFIG_INVALID');
    const said = [error.message, ...error.details].join('\n');
    for (const key of ['registry', 'repository', 'stack.files', 'password']) expect(said).toContain(key);
    expect(said).not.toMatch(/hunter2|UPPER|s3cret/);
  });

  it('says where YAML breaks, without an excerpt', () => {
    const error = refusal(() => parseClientConfig('version: 1\nregistry: "secret\n', 'dyn-data.yaml'));
    expect(error.details.join()).toMatch(/line \d+, column \d+/);
    expect([error.message, ...error.details].join()).not.toContain('secret');
  });
});

describe('the registry configuration', () => {
  const sources = `      mysql: { kind: mysql, host: db, user: dyndata, password: { env: P }, databases: [dynamease] }`;
  const text = `version: 1\nstorage: { folder: data }\nenvironments:\n  prod:\n    repository: dynamease\n    policy: prod.yaml\n    key: { env: K }\n    sources:\n${sources}\n`;

  it('is read, with defaults for ports and address only', () => {
    const config = parseRegistryConfig(text, 'registry.yaml');
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 5000, trustedProxies: [] });
    expect(config.access).toBeUndefined();
    expect(config.environments.prod?.sources.mysql).toMatchObject({ kind: 'mysql', port: 3306 });
  });

  it('has encryption, redirects and a Redis for S3, and refuses what is none of them', () => {
    const s3 = (more: string) =>
      text.replace(
        'storage: { folder: data }',
        `storage:\n  s3: { region: r, bucket: b, accessKeyId: { env: I }, secretAccessKey: { env: S }, ${more} }`,
      );
    const config = parseRegistryConfig(
      `${s3('endpoint: "https://s3.test", encryption: { kind: kms, keyId: k }, redirects: {}')}redisUrl: { env: R }\n`,
      'registry.yaml',
    );
    expect(config.storage).toMatchObject({ s3: { encryption: { kind: 'kms', keyId: 'k' }, redirects: { expiresInSeconds: 900 } } });
    expect([config.redisUrl, config.redisPrefix]).toEqual([{ env: 'R' }, 'dyn-data']);
    for (const [more, key] of [
      ['endpoint: s3.test', 'storage'],
      ['encryption: { kind: kms }', 'storage'],
      ['encryption: { kind: other }', 'storage'],
      ['redirects: { expiresInSeconds: 5 }', 'storage'],
      ['redirects: { publicEndpoint: ftp://s3 }', 'storage'],
    ] as const) {
      expect(refusal(() => parseRegistryConfig(s3(more), 'registry.yaml')).details.join()).toContain(key);
    }
  });

  it('takes no secret written into it', () => {
    const error = refusal(() => parseRegistryConfig(text.replace('{ env: P }', 's3cret'), 'registry.yaml'));
    expect([error.message, ...error.details].join('\n')).toContain('environments.prod.sources.mysql.password');
    expect([error.message, ...error.details].join('\n')).not.toContain('s3cret');
  });

  it('believes only proxies that it can tell by their addresses', () => {
    const withProxies = (proxies: string) => text.replace('storage:', `listen: { trustedProxies: ${proxies} }\nstorage:`);
    const known = '["10.0.0.0/8", "192.0.2.1", "::1", "2001:db8::/32"]';
    expect(parseRegistryConfig(withProxies(known), 'registry.yaml').listen.trustedProxies).toHaveLength(4);
    for (const wrong of ['proxy.example', '10.0.0.0/33', '10.0.0', '1.2.3.4.5', '256.1.1.1', '::1/129', '10.0.0.0/8/8', '10.0.0.0/x', '']) {
      const error = refusal(() => parseRegistryConfig(withProxies(JSON.stringify([wrong])), 'registry.yaml'));
      expect(error.details.join(), wrong).toContain('listen.trustedProxies.0: an IP address or a CIDR block expected');
    }
  });

  it('takes the first token of an admin as a reference only', () => {
    const withAccess = text.replace('storage:', 'access: { initialAdmin: { file: admin.token } }\nstorage:');
    expect(parseRegistryConfig(withAccess, 'registry.yaml').access).toEqual({
      initialAdmin: { file: 'admin.token' },
      failuresPerMinute: 10,
      requestsPerSecond: 2000,
    });
    const written = text.replace('storage:', 'access: { initialAdmin: dd_s3cret }\nstorage:');
    const error = refusal(() => parseRegistryConfig(written, 'registry.yaml'));
    expect(error.details.join()).toContain('access.initialAdmin');
    expect([error.message, ...error.details].join()).not.toContain('s3cret');
  });

  it('needs a key', () => {
    expect(refusal(() => parseRegistryConfig(text.replace('    key: { env: K }\n', ''), 'registry.yaml')).details.join()).toContain(
      'environments.prod.key',
    );
  });
});

describe('the configuration in docs/operations.md', () => {
  it('is one that the registry takes', async () => {
    const document = await readFile(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
    const block = /```yaml\n([\s\S]*?)```/.exec(document)?.[1] ?? '';
    const config = parseRegistryConfig(`version: 1\nstorage: { folder: data }\nenvironments: {}\n${block}`, 'operations.md');
    expect(config.redisUrl).toEqual({ env: 'DYNDATA_REDIS_URL' });
    expect(config.jobs).toEqual({ concurrency: 2, globalLimit: 6, attempts: 5, retryDelaySeconds: 10, leaseSeconds: 30, graceSeconds: 30 });
    expect(config.builder).toEqual({ listen: { host: '127.0.0.1', port: 9400 } });
    expect(config.webhooks).toMatchObject([{ name: 'ops', events: ['job.failed', 'schedule.missed'] }]);
  });
});
