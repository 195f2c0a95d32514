import { canonicalType } from './dn.ts';

/** What happens to an attribute the policy does not name, by its canonical type. */
export type DefaultDecision = 'keep' | 'drop' | 'dn';

// slapadd needs or makes these; they say when and of what kind an entry is, and nothing of whom. entryUUID is drawn by the server.
const kept = ['objectclass', 'structuralobjectclass', 'entryuuid', 'entrycsn', 'createtimestamp', 'modifytimestamp'];

// Made by the server from what it loads (entryDN and the others when they are asked for, contextCSN from the
// entryCSNs), or a history of secrets and of logging in that no copy may carry.
const dropped = [
  'hassubordinates',
  'numsubordinates',
  'subschemasubentry',
  'entrydn',
  'contextcsn',
  'pwdhistory',
  'pwdfailuretime',
  'pwdlastsuccess',
  'authtimestamp',
];

// Standard attributes of DN syntax, and of DN with an optional identifier.
const dnValued = [
  'member',
  'uniquemember',
  'manager',
  'secretary',
  'owner',
  'roleoccupant',
  'seealso',
  'creatorsname',
  'modifiersname',
  'associatedname',
  'documentauthor',
  'distinguishedname',
  'aliasedobjectname',
  'dittoredirect',
  'memberdn',
  // An overlay keeps it in the entries, but not while a directory is loaded; the client leaves it out where there is no such overlay.
  'memberof',
  'pwdpolicysubentry',
];

const standardDefaults: ReadonlyMap<string, DefaultDecision> = new Map([
  ...kept.map((type) => [type, 'keep'] as const),
  ...dropped.map((type) => [type, 'drop'] as const),
  ...dnValued.map((type) => [type, 'dn'] as const),
]);

/**
 * The built-in decisions, by canonical type. What the server's own schema says is of DN syntax is rewritten as the standard attributes are.
 * A policy may drop what is kept here; it may not keep a DN as it is.
 */
export function directoryDefaults({
  dnAttributes = [],
}: {
  readonly dnAttributes?: readonly string[];
}): ReadonlyMap<string, DefaultDecision> {
  return new Map([...dnAttributes.map((name) => [canonicalType(name), 'dn'] as const), ...standardDefaults]);
}

/** Last components of DNs that are the server's own and not part of the data. */
export const serverSuffixes: ReadonlySet<string> = new Set(['cn=config', 'cn=monitor', 'cn=schema']);

/** The last component of DNs that SASL makes: mechanism and numbers are the server's, the `uid` in it is a person's. */
export const saslSuffix = 'cn=auth';
export const saslTypes: ReadonlySet<string> = new Set(['cn', 'gidnumber', 'uidnumber']);
