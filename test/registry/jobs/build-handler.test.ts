import { describe, expect, it } from 'vitest';
import { parseRegistryConfig } from '../../../core/index.ts';
import { createBuildHandler } from '../../../registry/jobs/index.ts';
import { someDigest } from '../../contracts/job-queue.ts';

const source = (host: string, port = 3306): string =>
  `{ kind: mysql, host: ${host}, port: ${port}, user: u, password: { env: P }, databases: [d] }`;
const ldap = (url: string): string => `{ kind: ldap, url: "${url}", bindDn: cn=x, password: { env: P }, base: dc=x }`;
const environment = (sources: string): string => `{ repository: shop, policy: p.yaml, key: { env: K }, sources: { ${sources} } }`;
const config = parseRegistryConfig(
  `version: 1
storage: { folder: store }
environments:
  prod: ${environment(`mysql: ${source('DB.example.com')}, ldap: ${ldap('ldap://Directory/')}`)}
  copy: ${environment(`other-name: ${source('db.example.com')}`)}
  test: ${environment(`mysql: ${source('db.example.com', 3307)}, ldap: ${ldap('ldap://directory')}`)}
`,
  'registry.yaml',
);

describe('what a build keeps to itself', () => {
  const { resources } = createBuildHandler(async () => ({ digest: someDigest }), config);
  const of = (name: string): readonly string[] => resources({ kind: 'build', environment: name });

  it('is each server that it reads, whatever the environments call it', () => {
    expect(of('prod')).toHaveLength(2);
    expect(of('prod')).toEqual(expect.arrayContaining([...of('copy')]));
    expect(of('test').filter((resource) => of('prod').includes(resource))).toHaveLength(1);
    expect(of('copy').filter((resource) => of('test').includes(resource))).toEqual([]);
  });
});
