import type { OpenSystem } from '../systems.ts';

/** What must not be in an image. Phones as digits, both with the country code and in France's national form. */
export type SourceValues = {
  readonly emails: ReadonlySet<string>;
  readonly phones: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
};

const emailPattern = /[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu;

/**
 * Harvests the source: every e-mail address in any text of any table or entry, the phone numbers of all columns and attributes that
 * hold them, and every password hash, token, key and secret.
 */
export async function collectSourceValues(source: OpenSystem): Promise<SourceValues> {
  const emails = new Set<string>();
  const phones = new Set<string>();
  const secrets = new Set<string>();
  const addEmails = (text: string | null | undefined): void => {
    for (const [email] of (text ?? '').replaceAll(/%40/gi, '@').matchAll(emailPattern)) emails.add(email.toLowerCase());
  };
  const addPhone = (text: string | null | undefined): void => {
    const digits = (text ?? '').replaceAll(/\D/g, '');
    if (digits.length < 8) return;
    const international = digits.startsWith('00') ? digits.slice(2) : digits.startsWith('0') ? `33${digits.slice(1)}` : digits;
    phones.add(international);
    if (international.startsWith('33')) phones.add(`0${international.slice(2)}`);
  };
  const addSecret = (text: string | null | undefined): void => {
    for (const line of (text ?? '').split('\n')) if (line.length >= 8 && !line.startsWith('-----')) secrets.add(line);
  };

  for (const { t, c } of await source.mysql(
    "SELECT TABLE_NAME AS t, COLUMN_NAME AS c FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'dynamease' AND (DATA_TYPE LIKE '%text' OR DATA_TYPE LIKE '%char' OR DATA_TYPE = 'json')",
  )) {
    for (const { v } of await source.mysql(
      `SELECT DISTINCT \`${c}\` AS v FROM dynamease.\`${t}\` WHERE \`${c}\` LIKE '%@%' OR \`${c}\` LIKE '%\\%40%'`,
    ))
      addEmails(v);
  }
  for (const { t, c } of await source.postgres(
    "SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = 'public' AND data_type IN ('character varying', 'text')",
  )) {
    for (const { v } of await source.postgres(`SELECT DISTINCT "${c}" AS v FROM public."${t}" WHERE "${c}" LIKE '%@%'`)) addEmails(v);
  }
  for (const [table, column] of phoneColumns) {
    for (const { v } of await source.mysql(
      `SELECT DISTINCT \`${column}\` AS v FROM dynamease.\`${table}\` WHERE \`${column}\` IS NOT NULL`,
    ))
      addPhone(v);
  }
  for (const [table, column] of mysqlSecrets) {
    for (const { v } of await source.mysql(
      `SELECT DISTINCT \`${column}\` AS v FROM dynamease.\`${table}\` WHERE \`${column}\` IS NOT NULL`,
    ))
      addSecret(v);
  }
  for (const [table, column] of pushSecrets) {
    for (const { v } of await source.postgres(`SELECT DISTINCT "${column}" AS v FROM public."${table}" WHERE "${column}" IS NOT NULL`))
      addSecret(v);
  }
  for (const { values } of await source.ldap('(objectClass=*)', ['mail', 'description', 'telephoneNumber', 'mobile', 'userPassword'])) {
    for (const name of ['mail', 'description']) for (const value of values.get(name) ?? []) addEmails(value);
    for (const name of ['telephoneNumber', 'mobile']) for (const value of values.get(name) ?? []) addPhone(value);
    for (const value of values.get('userPassword') ?? []) addSecret(value);
  }
  return { emails, phones, secrets };
}

const phoneColumns = [
  ['users', 'phone'],
  ['contacts', 'phone'],
  ['companies', 'phone'],
  ['numbers', 'number'],
  ['calls', 'caller'],
  ['calls', 'callee'],
] as const;
const mysqlSecrets = [
  ['users', 'password_hash'],
  ['devices', 'push_token'],
] as const;
const pushSecrets = [
  ['push_application', 'master_secret'],
  ['variant', 'secret'],
  ['android_variant', 'google_key'],
  ['ios_variant', 'cert_data'],
  ['ios_variant', 'passphrase'],
  ['ios_token_variant', 'private_key'],
  ['ios_token_variant', 'key_id'],
  ['ios_token_variant', 'team_id'],
  ['webpush_variant', 'private_key'],
  ['installation', 'device_token'],
] as const;
