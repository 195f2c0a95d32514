import type { Server } from '../servers.ts';
import { database } from './large-database.ts';
import { password } from './server.ts';

/** Commands of the tools that people use today, for `runTools`, whose folder is `/work`. */
export const login = (server: Server): string => `-h ${server.address.host} -P ${server.address.port} -u root --password=${password}`;
export const dump = (server: Server): string => `mydumper -t 2 -c ${login(server)} -B ${database} -o /work/dump`;
export const plainDump = (server: Server): string =>
  `mysqldump --single-transaction --set-gtid-purged=OFF ${login(server)} --databases ${database} 2>/dev/null | zstd -q -3 > /work/dump.sql.zst`;
