import { ldapRoundTrip } from '../round-trip/ldap-suite.ts';
import { imageVariables } from '../support/engine.ts';
import { olderImage } from '../support/older-image.ts';

ldapRoundTrip('a hostile directory of OpenLDAP 2.5', {
  project: 'dyn-data-test-openldap-2-5',
  images: async () => {
    const image = await olderImage('openldap-2.5');
    return { source: image, target: image };
  },
  otherOverlays: true,
});

ldapRoundTrip('a hostile directory of OpenLDAP 2.5, restored into the newest version', {
  project: 'dyn-data-test-openldap-2-5-newest',
  images: async () => ({ source: await olderImage('openldap-2.5'), target: imageVariables().LDAP_IMAGE ?? '' }),
  otherOverlays: true,
});
