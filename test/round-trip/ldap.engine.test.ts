import { imageVariables } from '../support/engine.ts';
import { ldapRoundTrip } from './ldap-suite.ts';

ldapRoundTrip('a hostile directory, all attributes kept', {
  project: 'dyn-data-test-round-trip-ldap',
  images: async () => ({ source: imageVariables().LDAP_IMAGE ?? '', target: imageVariables().LDAP_IMAGE ?? '' }),
  // In test/long/older-openldap.test.ts.
  otherOverlays: false,
});
