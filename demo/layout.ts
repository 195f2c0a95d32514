import { join } from 'node:path';
import { projectFolder } from '../scripts/project-paths.ts';

/** Everything the demo makes lies here or in Docker under these names. */
export const demoFolder = join(projectFolder, '.demo');
export const registryFolder = join(demoFolder, 'registry');
/** What a developer has: a dyn-data.yaml beside her stack. */
export const developerFolder = join(demoFolder, 'developer');
export const binFolder = join(demoFolder, 'bin');
export const stateFile = join(demoFolder, 'state.json');
export const environmentFile = join(developerFolder, 'environment');

export const sampleProject = 'dyn-data-demo-production';
export const bigSampleProject = 'dyn-data-demo-production-x4';
export const stackProject = 'dyn-data-demo';
export const stackFile = join(projectFolder, 'stack', 'docker-compose.yml');
export const configFolder = join(projectFolder, 'stack', 'config');
export const registryPort = 5055;
export const tag = 'prod-2024-05';

export const client = join(projectFolder, 'dist', 'dyn-data.mjs');
