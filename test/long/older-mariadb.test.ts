import { mariadbRoundTrip } from '../round-trip/mariadb-suite.ts';
import { imageVariables } from '../support/engine.ts';
import { olderImage } from '../support/older-image.ts';

mariadbRoundTrip('a hostile schema of MariaDB 10.11', {
  project: 'dyn-data-test-mariadb-10-11',
  images: async () => {
    const image = await olderImage('mariadb-10.11');
    return { source: image, target: image };
  },
});

mariadbRoundTrip('a hostile schema of MariaDB 10.11, restored into the newest version', {
  project: 'dyn-data-test-mariadb-10-11-newest',
  images: async () => ({ source: await olderImage('mariadb-10.11'), target: imageVariables().MARIADB_IMAGE ?? '' }),
});
