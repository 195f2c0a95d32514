import { join } from 'node:path';
import { projectFolder } from '../scripts/project-paths.ts';

/** Everything the demo makes lies here or in Docker under these names. */
export const demoFolder = join(projectFolder, '.demo');
export const registryFolder = join(demoFolder, 'registry');
export const developerFolder = join(demoFolder, 'developer');
export const stateFile = join(demoFolder, 'state.json');

export const sampleProject = 'dyn-data-demo-production';
export const bigSampleProject = 'dyn-data-demo-production-x4';
export const stackProject = 'dyn-data-demo';
export const registryPort = 5055;
export const nginxPort = 8055;
export const tag = 'prod-2024-05';
