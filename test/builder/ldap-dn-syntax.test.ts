import { expect, test } from 'vitest';
import { dnAttributesOf } from '../../builder/ldap/dn-syntax.ts';

test('attributes of DN syntax are found in a subschema, inherited ones and every name too', () => {
  const found = dnAttributesOf([
    "( 2.5.4.49 NAME 'distinguishedName' DESC 'RFC4519: common supertype of DN attributes' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )",
    "( 2.5.4.31 NAME 'member' DESC 'RFC2256: member of a group' SUP distinguishedName )",
    "( 2.5.4.50 NAME 'uniqueMember' EQUALITY uniqueMemberMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.34 )",
    "( 2.5.4.41 NAME 'name' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{32768} )",
    "( 1.3.6.1.4.1.32473.1 NAME ( 'sponsor' 'Parrain' ) DESC 'like NAME and SUP name, but SYNTAX 1.2.3' SUP member SINGLE-VALUE )",
    "( 1.3.6.1.4.1.32473.2 NAME 'referent' SYNTAX '1.3.6.1.4.1.1466.115.121.1.12' )",
    '( 1.3.6.1.4.1.32473.3 SUP 2.5.4.31 )',
    "( 1.3.6.1.4.1.32473.4 NAME 'sponsorName' SUP name )",
    // Whatever a server says, it is read to its end.
    "( 1.3.6.1.4.1.32473.5 NAME 'circle' SUP circle )",
    "( 1.3.6.1.4.1.32473.6 NAME 'orphan' SUP nowhere )",
    '(',
  ]);
  expect(found).toEqual([
    'distinguishedname',
    '2.5.4.49',
    'member',
    '2.5.4.31',
    'uniquemember',
    '2.5.4.50',
    'sponsor',
    'parrain',
    '1.3.6.1.4.1.32473.1',
    'referent',
    '1.3.6.1.4.1.32473.2',
    '1.3.6.1.4.1.32473.3',
  ]);
});
