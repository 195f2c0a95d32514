import { describe, expect, it } from 'vitest';
import { ociAction } from '../../registry/oci/index.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const on = (action: 'pull' | 'push' | 'delete', repository = 'team/app') => ({ kind: 'repository', repository, action });

describe('the action of a request', () => {
  it.each([
    ['GET', '/v2/', { kind: 'base' }],
    ['GET', '/v2', { kind: 'base' }],
    ['HEAD', '/v2/?x=1', { kind: 'base' }],
    ['GET', '/v2/_catalog?n=10', { kind: 'catalog' }],
    ['GET', '/v2/team/app/tags/list', on('pull')],
    ['GET', '/v2/team/app/manifests/latest', on('pull')],
    ['HEAD', `/v2/team/app/manifests/${digest}`, on('pull')],
    ['PUT', '/v2/team/app/manifests/latest', on('push')],
    ['DELETE', '/v2/team/app/manifests/latest', on('delete')],
    ['GET', `/v2/team/app/blobs/${digest}`, on('pull')],
    ['HEAD', `/v2/team/app/blobs/${digest}`, on('pull')],
    ['DELETE', `/v2/team/app/blobs/${digest}`, on('delete')],
    ['GET', `/v2/team/app/referrers/${digest}?artifactType=a`, on('pull')],
    ['POST', '/v2/team/app/blobs/uploads/', on('push')],
    ['POST', '/v2/team/app/blobs/uploads', on('push')],
    ['POST', `/v2/team/app/blobs/uploads/?mount=${digest}&from=other/app`, { ...on('push'), from: 'other/app' }],
    ['POST', `/v2/team/app/blobs/uploads/?mount=${digest}&from=other%2Fapp`, { ...on('push'), from: 'other/app' }],
    ['POST', `/v2/team/app/blobs/uploads/?mount=${digest}`, on('push')],
    ['POST', '/v2/team/app/blobs/uploads/?from=other/app', on('push')],
    ['POST', `/v2/team/app/blobs/uploads/?mount=${digest}&from=../../etc`, on('push')],
    ['GET', '/v2/team/app/blobs/uploads/0-1', on('push')],
    ['HEAD', '/v2/team/app/blobs/uploads/0-1', on('push')],
    ['PATCH', '/v2/team/app/blobs/uploads/0-1?_state=x', on('push')],
    ['PUT', `/v2/team/app/blobs/uploads/0-1?digest=${digest}`, on('push')],
    ['DELETE', '/v2/team/app/blobs/uploads/0-1', on('push')],
    ['OPTIONS', '/v2/team/app/tags/list', on('push')],
  ] as const)('%s %s', (method, path, action) => {
    expect(ociAction(method, path)).toEqual(action);
  });

  it.each([
    ['/v2/a/manifests/b/blobs/c/tags/list', 'a/manifests/b/blobs/c'],
    ['/v2/blobs/blobs/blobs/sha256:x', 'blobs/blobs'],
    ['/v2/a/blobs/uploads/manifests/x', 'a/blobs/uploads'],
    ['/v2/a/tags/list/tags/list', 'a/tags/list'],
    ['/v2/team%2Fapp/manifests/x', 'team/app'],
  ])('names the repository of GET %s', (path, repository) => {
    expect(ociAction('GET', path)).toEqual(on('pull', repository));
  });

  it.each([
    '/v3/team/app/manifests/x',
    '/v2team/app/manifests/x',
    '/v2/team/app',
    '/v2/team/app/tags/other',
    '/v2/Team/manifests/x',
    '/v2/../secret/manifests/x',
    '/v2/%2e%2e/manifests/x',
    '/v2/a//b/manifests/x',
    '/v2/%ff/manifests/x',
    '/v2//manifests/x',
    '/v2/_catalog/tags/list',
    '/api/v1/jobs',
    '',
  ])('is none for %s', (path) => {
    expect(ociAction('GET', path)).toEqual({ kind: 'none' });
  });
});
