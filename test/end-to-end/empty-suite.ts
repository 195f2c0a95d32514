import { expect, it } from 'vitest';
import { stopRegistry } from '../../demo/registry-process.ts';
import { runCommand } from '../../scripts/run-command.ts';
import { registerPerson } from '../support/example-application.ts';
import type { WholeWay } from '../support/whole-way.ts';

/** An environment to begin in. @param way its registry is gone afterwards, and its stack holds an empty environment */
export function emptySuite(way: () => WholeWay): void {
  it('makes an empty environment of the locked image without the registry, and the application uses it', async () => {
    const { developer, registry, tag } = way().context;
    const pulled = await developer.run(['pull', tag, '--json']);
    expect(pulled, pulled.stderr).toMatchObject({ exitCode: 0 });
    const pinned = await developer.run(['pin', tag]);
    expect(pinned, pinned.stderr).toMatchObject({ exitCode: 0 });
    await stopRegistry(registry.pid);
    const up = await developer.run(['up', '--empty', '--json']);
    expect(up, up.stderr).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(up.stdout)).toMatchObject({ empty: true, reference: tag });
    const base = 'dc=dynamease,dc=test';
    expect(await registerPerson(developer, 'newcomer')).toEqual({
      users: [{ full_name: 'New Person', price: '0.20000' }],
      logged: [{ n: 1 }],
      names: [base, `ou=services,${base}`, `cn=tomcat,ou=services,${base}`, `uid=newcomer,ou=services,${base}`],
      devices: [{ alias: 'newcomer@example.com', ofVariant: true }],
    });
    const counts = await (await fetch(`${developer.url}/counts`)).text();
    expect(counts).toContain('"users":1');
    expect(counts).toContain('"ldapEntries":4');
    expect(counts).toContain('"installations":1');
    const again = JSON.parse((await developer.run(['up', '--empty', '--json'])).stdout);
    expect(again.services.flatMap(({ restored }: { restored?: { outcome: string } }) => restored?.outcome ?? [])).toEqual(
      Array(3).fill('already'),
    );
    await developer.run(['down', '--volumes']);
    await runCommand('docker', ['rmi', '--force', JSON.parse(pulled.stdout).image]);
  });
}
