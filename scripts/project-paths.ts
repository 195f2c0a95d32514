import { join } from 'node:path';

/** The project's folder, absolute. */
export const projectFolder = join(import.meta.dirname, '..');

/** What set-up makes and may make again: logs, pid files, apt's private state. Not in Git; deleting it loses nothing. */
export const cacheFolder = join(projectFolder, '.cache');
