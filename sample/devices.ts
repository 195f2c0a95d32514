import { pick, uuidOf } from './dice.ts';
import type { Person, Population } from './population.ts';

/** What a device runs, and with it how its push token looks. */
export type DeviceSystem = 'android' | 'ios' | 'web';

/** A device of a user; MySQL's `devices` and AeroGear's `installation` tell of the same ones. */
export interface Device {
  readonly index: number;
  readonly uuid: Buffer;
  readonly userIndex: number;
  readonly system: DeviceSystem;
  readonly systemVersion: string;
  readonly model: string;
  /** Passes the validator of UnifiedPush Server for the system. */
  readonly pushToken: string;
}

const models: Readonly<Record<DeviceSystem, readonly string[]>> = {
  android: ['Pixel 8', 'Galaxy S23', 'Redmi Note 12', 'Fairphone 5'],
  ios: ['iPhone 13', 'iPhone 15 Pro', 'iPhone SE', 'iPad Air'],
  web: ['Firefox', 'Chrome', 'Edge'],
};

const versions: Readonly<Record<DeviceSystem, readonly string[]>> = {
  android: ['12', '13', '14'],
  ios: ['16.7', '17.4.1', '15.8.2'],
  web: ['124.0', '123.0.1'],
};

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** Letters and digits only: the alphabet all Android tokens are made of, with one of their separators. */
const wordOf = (bytes: Buffer): string => {
  let word = '';
  for (const byte of bytes) word += letters[byte % letters.length];
  return word;
};

const tokenOf = (system: DeviceSystem, bytes: Buffer): string => {
  if (system === 'ios') return bytes.toString('hex', 0, 32);
  if (system === 'android') return `${wordOf(bytes.subarray(0, 22))}:APA91b${wordOf(bytes.subarray(22, 156))}`;
  const publicKey = Buffer.concat([Buffer.of(4), bytes.subarray(0, 64)]);
  const subscription = {
    endpoint: `https://updates.push.webservices.net/wpush/v2/${wordOf(bytes.subarray(64, 124))}`,
    keys: { p256dh: publicKey.toString('base64url'), auth: bytes.toString('base64url', 124, 140) },
  };
  return Buffer.from(JSON.stringify(subscription)).toString('base64');
};

/** What a user calls a device, in the user's language where it is French. */
export const deviceNameOf = (device: Device, owner: Person): string =>
  owner.country === 'FR' ? `${device.model} de ${owner.firstName}` : `${owner.firstName}’s ${device.model}`;

/**
 * Devices as a pure function of the population's seed and an index.
 *
 * @param users number of users; every user has a device, the first ones have two
 */
export const createDevices = (population: Population, users: number): ((index: number) => Device) => {
  const kind = population.dice.die('device.kind');
  const uuid = population.dice.bytes('device.uuid');
  const token = population.dice.bytes('device.token');
  return (index) => {
    const roll = kind(index);
    const share = roll % 20;
    const system = share < 10 ? 'android' : share < 17 ? 'ios' : 'web';
    return {
      index,
      uuid: uuid(index, 16),
      userIndex: index % users,
      system,
      systemVersion: pick(versions[system], roll >>> 8),
      model: pick(models[system], roll >>> 16),
      pushToken: tokenOf(system, token(index, 160)),
    };
  };
};

/** A device's identifier in the text form AeroGear uses. */
export const installationIdOf = (device: Device): string => uuidOf(device.uuid);
