/** A policy of the sample system for its size `tiny`: few companies occur in the contacts there, and the policy is written for larger ones. */
export function forTinySystem(policy: { sources: { mysql: { tables: { contacts: object } } } }): unknown {
  const { contacts } = policy.sources.mysql.tables;
  Object.assign(contacts, { low_cardinality: { company_name: 'a tiny system' } });
  return policy;
}
