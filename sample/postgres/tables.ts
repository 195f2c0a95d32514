import { type Cell, rowsOf } from '../bulk-text.ts';
import { createDevices, type DeviceSystem, installationIdOf } from '../devices.ts';
import { pick, uuidOf } from '../dice.ts';
import { fraction, momentOf } from '../moments.ts';
import type { Population } from '../population.ts';
import type { SampleCounts } from '../sizes.ts';
import { certificateBase64, certificatePassphrase } from './certificate.ts';
import { keyPairOf } from './secrets.ts';

/** The rows of one table of the database `aerogear`, in the order of `columns`. */
export interface CopyData {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rowCount: number;
  rows(): Iterable<readonly Cell[]>;
}

const applications = ['Dynamease', 'Dynamease Pro', 'Dynamease Standard'];
const variantTypes = ['android', 'ios', 'ios_token', 'web_push'] as const;
const variantsPerApplication = variantTypes.length;
const variantTotal = applications.length * variantsPerApplication;

interface Variants {
  applicationId(application: number): string;
  variantId(variant: number): string;
  readonly tables: readonly CopyData[];
}

const createVariants = (population: Population): Variants => {
  const bytes = population.dice.bytes('aerogear.variant');
  const uuid = (purpose: number, index: number): string => uuidOf(bytes(purpose * 100 + index, 16));
  const applicationId = (application: number): string => uuid(1, application);
  const variantId = (variant: number): string => uuid(2, variant);
  const developer = (application: number): string => population.person(population.employee(application * 2)).email;
  const ofType = (type: number): number[] => applications.map((_, application) => application * variantsPerApplication + type);
  const base62 = (index: number, length: number): string =>
    bytes(index, length * 2)
      .toString('base64url')
      .replaceAll(/[-_]/g, 'x')
      .slice(0, length);

  const table = (
    name: string,
    columns: readonly string[],
    variants: readonly number[],
    row: (variant: number) => readonly Cell[],
  ): CopyData => ({
    table: name,
    columns,
    rowCount: variants.length,
    rows: () => variants.map(row),
  });
  const all = Array.from({ length: variantTotal }, (_, variant) => variant);

  return {
    applicationId,
    variantId,
    tables: [
      table(
        'push_application',
        ['id', 'name', 'description', 'api_key', 'developer', 'master_secret'],
        applications.map((_, application) => application),
        (application) => [
          applicationId(application),
          applications[application] ?? null,
          application === 0 ? null : 'Téléphonie d’entreprise',
          uuid(3, application),
          developer(application),
          uuid(4, application),
        ],
      ),
      table(
        'variant',
        ['id', 'variant_type', 'name', 'description', 'api_key', 'secret', 'developer', 'type', 'push_application_id'],
        all,
        (variant) => {
          const application = Math.floor(variant / variantsPerApplication);
          const type = variant % variantsPerApplication;
          return [
            variantId(variant),
            pick(variantTypes, type),
            `${pick(applications, application)} ${pick(['Android', 'iOS', 'iOS (jeton)', 'Web'], type)}`,
            null,
            uuid(5, variant),
            uuid(6, variant),
            developer(application),
            type,
            applicationId(application),
          ];
        },
      ),
      table('android_variant', ['id', 'google_key', 'project_number'], ofType(0), (variant) => [
        variantId(variant),
        `AAAA${base62(700 + variant, 7)}:APA91b${base62(800 + variant, 134)}`,
        `7${fraction(bytes(900 + variant, 4).readUInt32LE(0), 11)}`,
      ]),
      table('ios_variant', ['id', 'production', 'cert_data', 'passphrase'], ofType(1), (variant) => [
        variantId(variant),
        variant < variantsPerApplication ? 't' : 'f',
        certificateBase64,
        certificatePassphrase,
      ]),
      table('ios_token_variant', ['id', 'production', 'key_id', 'team_id', 'private_key', 'bundle_id'], ofType(2), (variant) => [
        variantId(variant),
        't',
        base62(1_000 + variant, 10).toUpperCase(),
        base62(1_100, 10).toUpperCase(),
        keyPairOf(bytes(1_200 + variant, 32)).privatePem,
        'net.dynamease.sample',
      ]),
      table('webpush_variant', ['id', 'public_key', 'private_key', 'alias'], ofType(3), (variant) => {
        const pair = keyPairOf(bytes(1_300 + variant, 32));
        return [
          variantId(variant),
          pair.publicBase64Url,
          pair.privateBase64Url,
          `mailto:${developer(Math.floor(variant / variantsPerApplication))}`,
        ];
      }),
    ],
  };
};

const platformOf: Readonly<Record<DeviceSystem, string>> = { android: 'android', ios: 'iOS', web: 'web' };
const typesOfSystem: Readonly<Record<DeviceSystem, readonly number[]>> = { android: [0], ios: [1, 2], web: [3] };
const categoryNames = ['équipe', 'support', 'sales', 'on-call', 'vip', 'beta', 'direction', 'paris', 'lyon', 'export', 'travaux', '★'];

/** All tables of the database `aerogear`, each after those it refers to. */
export const postgresTables = (population: Population, counts: SampleCounts): readonly CopyData[] => {
  const variants = createVariants(population);
  const device = createDevices(population, counts.users);
  const installationRoll = population.dice.die('installations');
  const messageRoll = population.dice.die('messages');
  const messageBytes = population.dice.bytes('messages.id');
  const messageId = (index: number): string => uuidOf(messageBytes(index, 16));
  const errorBytes = population.dice.bytes('errors.id');

  const installation = (index: number): readonly Cell[] => {
    const rolled = installationRoll(index);
    const one = device(index);
    const owner = population.person(one.userIndex);
    const variant = (rolled % applications.length) * variantsPerApplication + pick(typesOfSystem[one.system], rolled >>> 4);
    return [
      installationIdOf(one),
      rolled % 40 === 39 ? null : rolled % 5 === 0 ? owner.emailAsTyped : owner.email,
      one.pushToken,
      rolled % 6 === 0 ? null : one.model,
      rolled % 25 === 0 ? 'f' : 't',
      rolled % 9 === 0 ? null : platformOf[one.system],
      one.systemVersion,
      rolled % 3 === 0 ? null : 'cordova',
      variants.variantId(variant),
    ];
  };

  const message = (index: number): readonly Cell[] => {
    const rolled = messageRoll(index);
    // The first message is to the person the demo follows.
    const to = population.person(index === 0 ? 1 : rolled % counts.users);
    const from = population.person((rolled >>> 2) % counts.users);
    const french = to.country === 'FR';
    const alert = french
      ? `Bonjour ${to.firstName}, appel manqué de ${from.displayName}`
      : `Hello ${to.firstName}, ${from.displayName} called you ☎`;
    const raw = {
      alert,
      criteria: {
        alias: rolled % 10 === 9 ? null : rolled % 4 === 0 ? [to.email, from.emailAsTyped] : [to.email],
        categories: rolled % 6 === 0 ? [pick(categoryNames, rolled >>> 5)] : null,
        variants: rolled % 8 === 0 ? [variants.variantId(rolled % variantTotal)] : null,
        deviceTypes: rolled % 12 === 0 ? ['iPhone 13'] : null,
      },
      config: { ttl: rolled % 3 === 0 ? 3_600 : -1 },
      message: {
        alert,
        sound: 'default',
        badge: 1 + (rolled % 9),
        'user-data': { callId: 1 + (rolled % counts.calls), from: from.mobile, name: from.displayName },
      },
    };
    const opened = rolled % 2 === 0;
    return [
      messageId(index),
      opened ? 1 + (rolled % 7) : 0,
      pick(['Dynamease server', 'AeroGear Java Sender', 'curl/8.5.0'], rolled),
      opened ? `${momentOf(rolled)}.${fraction(rolled, 3)}` : null,
      `10.${rolled & 255}.${(rolled >>> 8) & 255}.${(rolled >>> 16) & 255}`,
      opened ? `${momentOf(rolled)}.999` : null,
      variants.applicationId(rolled % applications.length),
      JSON.stringify(raw),
      `${momentOf(rolled)}.${fraction(rolled, 3)}`,
    ];
  };

  return [
    ...variants.tables,
    {
      table: 'installation',
      columns: ['id', 'alias', 'device_token', 'device_type', 'enabled', 'operating_system', 'os_version', 'platform', 'variant_id'],
      rowCount: counts.installations,
      rows: () => rowsOf(counts.installations, installation),
    },
    {
      table: 'category',
      columns: ['id', 'name'],
      rowCount: counts.categories,
      rows: () => rowsOf(counts.categories, (index) => [index + 1, pick(categoryNames, index)]),
    },
    {
      table: 'installation_category',
      columns: ['installation_id', 'category_id'],
      rowCount: counts.categorisedInstallations,
      rows: () =>
        rowsOf(counts.categorisedInstallations, (index) => [
          installationIdOf(device(index)),
          1 + (installationRoll(index) % counts.categories),
        ]),
    },
    {
      table: 'flat_push_message_info',
      columns: [
        ...['id', 'app_open_counter', 'client_identifier', 'first_open_date', 'ip_address', 'last_open_date', 'push_application_id'],
        ...['raw_json_message', 'submit_date'],
      ],
      rowCount: counts.messages,
      rows: () => rowsOf(counts.messages, message),
    },
    {
      table: 'variant_error_status',
      columns: ['push_message_variant_id', 'error_reason', 'push_job_id', 'variant_id'],
      rowCount: counts.messageErrors,
      rows: () =>
        rowsOf(counts.messageErrors, (index) => [
          uuidOf(errorBytes(index, 16)),
          index % 3 === 0 ? 'Connection reset by peer' : `Invalid token: ${device(index).pushToken.slice(0, 100)}`,
          messageId(index),
          variants.variantId(index % variantTotal),
        ]),
    },
  ];
};
