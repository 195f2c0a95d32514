import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type LeakRule, parseKey, phoneCountries } from '../../anonymizers/index.ts';
import { createScan } from '../../builder/leak-scan/scanner.ts';
import { createWatchList, watchKeys } from '../../builder/leak-scan/watch-list.ts';

const [country] = phoneCountries;
if (!country) throw new Error('no country');
const list = createWatchList({ keys: watchKeys(parseKey('01'.repeat(32))), country, common: new Set(), phonePermutations: [] });
const scan = createScan(list, []);
const rulesIn = (text: string): LeakRule[] => {
  const rules = new Set<LeakRule>();
  scan(Buffer.from(text), 'table', (rule) => rules.add(rule));
  return [...rules].sort();
};

/** Made of the parts, so that no file here has the form of anybody's key. */
const any = (length: number): string => 'a1B2c3D4e5F6g7H8'.repeat(20).slice(0, length);
const hex = (length: number): string => '0a1b2c3d4e5f6071'.repeat(20).slice(0, length);
const digits = (length: number): string => '1234567890'.repeat(3).slice(0, length);

const secrets: readonly (readonly [LeakRule, string, string])[] = [
  ['api-key', 'Amazon, the id', `AKIA${'Q2W3E4R5'.repeat(2)}`],
  ['api-key', 'Amazon, the secret in settings', `aws_secret_access_key = ${any(38)}/+`],
  ['api-key', 'Amazon, the secret in a variable', `AWS_SECRET_ACCESS_KEY=${any(40)}`],
  ['api-key', 'Amazon, the secret in JSON', `{"SecretAccessKey":"${any(40)}"}`],
  ['api-key', 'Anthropic', `sk-ant-api03-${any(93)}AA`],
  ['api-key', 'Atlassian', `ATATT3${any(180)}=1A2B3C4D`],
  ['api-key', 'Azure storage', `AccountName=x;AccountKey=${any(85)}/==;EndpointSuffix=core.windows.net`],
  ['api-key', 'Azure messaging', `SharedAccessKeyName=x;SharedAccessKey=${any(43)}=`],
  ['api-key', 'Databricks', `dapi${hex(32)}`],
  ['api-key', 'DigitalOcean', `dop_v1_${hex(64)}`],
  ['api-key', 'Discord, a webhook', `https://discord.com/api/webhooks/${digits(18)}/${any(68)}`],
  ['api-key', 'Docker Hub', `dckr_pat_${any(27)}`],
  ['api-key', 'GitHub', `github_pat_${any(22)}_${any(59)}`],
  ['api-key', 'GitLab', `glrt-${any(20)}`],
  ['api-key', 'Google, OAuth client', `GOCSPX-${any(28)}`],
  ['api-key', 'Google, access token', `ya29.${any(60)}`],
  ['api-key', 'Grafana', `glsa_${any(32)}_${hex(8)}`],
  ['api-key', 'Hugging Face', `hf_${any(34)}`],
  ['api-key', 'Mailgun', `key-${hex(32)}`],
  ['api-key', 'npm', `npm_${any(36)}`],
  ['api-key', 'OpenAI, of a project', `sk-proj-${any(74)}T3BlbkFJ${any(74)}`],
  ['api-key', 'OpenAI, of a user', `sk-${any(20)}T3BlbkFJ${any(20)}`],
  ['api-key', 'Postman', `PMAK-${hex(24)}-${hex(34)}`],
  ['api-key', 'PyPI', `pypi-AgEIcHlwaS5vcmc${any(80)}`],
  ['api-key', 'SendGrid', `SG.${any(22)}.${any(43)}`],
  ['api-key', 'Shopify', `shpat_${hex(32)}`],
  ['api-key', 'Slack, an application', `xapp-1-A0${any(8)}-${digits(13)}-${hex(64)}`],
  ['api-key', 'Slack, settings', `xoxe.xoxp-1-${any(163)}`],
  ['api-key', 'Slack, a webhook', `https://hooks.slack.com/services/T${digits(8)}/B${digits(8)}/${any(24)}`],
  [
    'api-key',
    'Slack, a webhook in JSON',
    `{"url":"https:\\\\/\\\\/hooks.slack.com\\\\/services\\\\/T${digits(8)}\\\\/B${digits(8)}\\\\/${any(24)}"}`,
  ],
  ['api-key', 'Stripe, for tests', `rk_test_${any(24)}`],
  ['api-key', 'Stripe, a webhook', `whsec_${any(32)}`],
  ['api-key', 'Telegram', `https://api.telegram.org/bot: ${digits(9)}:AAF${any(32)}`],
  ['api-key', 'Twilio', `SK${hex(32)}`],
  ['api-key', 'Vault', `hvs.${any(90)}`],
  ['jwt', 'encrypted', `eyJhbGciOiJSU0EtT0FFUCJ9.${any(80)}.${any(16)}.${any(30)}.${any(22)}`],
  ['jwt', 'encrypted without a key', `eyJhbGciOiJkaXIifQ..${any(16)}.${any(30)}.${any(22)}`],
  ['private-key', 'PuTTY', 'PuTTY-User-Key-File-3: ssh-ed25519'],
];

describe('a secret is found by its form', () => {
  it.each(secrets)('%s: %s', (rule, _maker, text) => {
    expect(rulesIn(`1\t${text}\tx\n`)).toContain(rule);
    expect(rulesIn(`1\tkey: ${text}, of last year.\n`)).toContain(rule);
    expect(rulesIn(`1\t${Buffer.from(`key=${text}`).toString('base64')}\n`)).toContain(rule);
  });

  const keys = [
    ...[1024, 2048, 3072, 4096].map(
      (modulusLength) => [`RSA ${modulusLength}`, generateKeyPairSync('rsa', { modulusLength }).privateKey] as const,
    ),
    ...['P-256', 'P-384', 'P-521'].map((namedCurve) => [namedCurve, generateKeyPairSync('ec', { namedCurve }).privateKey] as const),
    ['Ed25519', generateKeyPairSync('ed25519').privateKey] as const,
    ['X25519', generateKeyPairSync('x25519').privateKey] as const,
    ['Ed448', generateKeyPairSync('ed448').privateKey] as const,
  ];
  it.each(keys)('a private key without its PEM: %s', (name, key) => {
    const forms: Buffer[] = [key.export({ type: 'pkcs8', format: 'der' })];
    if (name.startsWith('RSA')) forms.push(key.export({ type: 'pkcs1', format: 'der' }));
    if (name.startsWith('P-')) forms.push(key.export({ type: 'sec1', format: 'der' }));
    for (const der of forms) {
      expect(rulesIn(`1\t${der.toString('base64')}\n`), name).toContain('private-key');
      expect(rulesIn(`1\t${der.toString('hex')}\n`), name).toContain('private-key');
      expect(rulesIn(`1\t\\\\x${der.toString('hex')}\n`), name).toContain('private-key');
    }
    const locked = key.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' });
    if (locked.length > 255) expect(rulesIn(`1\t${locked.toString('base64')}\n`), name).toContain('private-key');
  });
});

describe('no secret is', () => {
  const modulus = `${'a5'.repeat(256)}0203010001`;
  const publicKey = `30820122300d06092a864886f70d01010105000382010f003082010a0282010100${modulus}`;
  it.each([
    ['a public key', Buffer.from(publicKey, 'hex').toString('base64')],
    ['a public key in hexadecimal digits', publicKey],
    ['a name of a setting', 'aws_secret_access_key secretAccessKey: AccountKey=; SharedAccessKey'],
    ['a word that begins like one', 'npm_config_registry hf_tokens_of_last_year sk-SK_collation key-value-store dockerfile shpat_ SK-1234'],
    ['a path in a service', 'https://hooks.slack.com/docs https://discord.com/api/v10/channels/1234'],
    ['a time and a number', '12345678:30 {"12345678":"A"} 123456789:Abc'],
    ['a token that is too short', `ghp_${any(20)} npm_${any(35)} SK${hex(31)} sk-${any(20)} GOCSPX-${any(12)}`],
    ['a longer word than the form has', `SK${hex(40)} npm_${any(40)} AKIA${'Q2W3E4R5'.repeat(3)}`],
    ['a digest', `${hex(40)} ${hex(64)} sha256:${hex(64)} ${any(43)}=`],
  ])('%s', (_name, text) => expect(rulesIn(`1\t${text}\n`)).toEqual([]));
});
