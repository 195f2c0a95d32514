import type { RegistryProgram } from '../../registry/run.ts';
import { publishImage } from './published-image.ts';

/** A build in the real one's place: one small file, published under the tag that is asked for. */
export const smallBuild: RegistryProgram['createBuildSnapshot'] =
  ({ blobs, catalog, config }) =>
  ({ environment, tag }) =>
    publishImage(
      { blobs, catalog },
      {
        repository: config.environments[environment]?.repository ?? '',
        environment,
        layers: [[{ path: 'snapshot/a', bytes: new Uint8Array(1000) }]],
        ...(tag === undefined ? {} : { tag }),
      },
    );
