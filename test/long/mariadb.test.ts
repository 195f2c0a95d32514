import { mariadbRoundTrip } from '../round-trip/mariadb-suite.ts';
import { imageVariables } from '../support/engine.ts';

mariadbRoundTrip('a hostile MariaDB schema comes back as it was', {
  project: 'dyn-data-test-round-trip-mariadb',
  images: async () => ({ source: imageVariables().MARIADB_IMAGE ?? '', target: imageVariables().MARIADB_IMAGE ?? '' }),
});
