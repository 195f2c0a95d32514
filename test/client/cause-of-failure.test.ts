import { join } from 'node:path';
import { expect, test } from 'vitest';
import { causeOfFailure } from '../../client/cause-of-failure.ts';
import { createEngine, engineFailed } from '../../client/engine.ts';
import { tellsOfFullDisk } from '../../client/full-disk.ts';
import { cancelled, createRunner } from '../../client/process.ts';
import { DynDataError } from '../../core/errors.ts';

// The words of Docker, PostgreSQL, MySQL and OpenLDAP, and codes as a restore tells them.
test.each([
  'failed to register layer: write /var/lib/docker/overlay2/a/diff/b: no space left on device',
  'ERROR:  could not extend file "base/16384/16391": No space left on device',
  "[ERROR] [MY-012640] [InnoDB] Error number 28 means 'No space left on device'",
  '[Warning] [MY-012638] [InnoDB] Retry attempts for writing partial data failed. Operating system error number 28.',
  '=> mdb_tool_entry_put: txn_commit failed: No space left on device (28)',
  '[Warning] [MY-012637] [InnoDB] 1048576 bytes should have been written. Only 77824 bytes written. Retrying for the remaining bytes.',
  '[Warning] [MY-012145] [InnoDB] posix_fallocate(): Failed to preallocate data for file ./a.ibd. Operating system error number 28. Check that the disk is not full.',
  'Loading the table a in the service b failed (SQLSTATE 53100).',
  'Loading the table a in the service b failed (MySQL error 1114, SQLSTATE HY000).',
])('a disk without room is recognised: %s', (line) => {
  expect(tellsOfFullDisk(['before', line])).toBe(true);
});

test.each([
  '[Warning] [MY-012145] [InnoDB] posix_fallocate(): Failed to preallocate data for file ./a.ibd. Operating system error number 22. Check that the disk is not full.',
  '[Note] Error number 280 of 281',
  'Loading the table a in the service b failed (SQLSTATE 53200).',
  '28 rows',
  '',
])('nothing else is: %s', (line) => {
  expect(tellsOfFullDisk([line])).toBe(false);
});

test('an engine that fails for want of room says what to do', () => {
  const error = engineFailed('docker create', ['Error response from daemon: mkdir /d: no space left on device']);
  expect(error).toMatchObject({ code: 'DISK_FULL', exitCode: 5, message: expect.stringContaining('Make room there') });
  expect(engineFailed('docker create', ['no such image'])).toMatchObject({ code: 'ENGINE_FAILED' });
});

test('where the engine went away, that is told, and what failed because of it', async () => {
  const env = { PATH: process.env.PATH, DOCKER_HOST: `unix://${join(import.meta.dirname, 'no-engine.sock')}` };
  const engine = createEngine(createRunner({ env, signal: new AbortController().signal }));
  const whence = { engine, service: 'db', container: undefined, sinceMs: 1000 };
  const failed = new DynDataError('RESTORE_FAILED', 'Loading the table a in the service db failed (psql ended with 1). Look at its log.');
  expect(await causeOfFailure(failed, whence)).toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    message: expect.stringContaining('went away while the service db was brought up'),
    details: ['RESTORE_FAILED: Loading the table a in the service db failed (psql ended with 1)'],
  });
  const interrupted = cancelled();
  expect(await causeOfFailure(interrupted, whence)).toBe(interrupted);
});
