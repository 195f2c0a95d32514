export const watchKinds = ['email', 'phone', 'login', 'name', 'secret', 'value'] as const;

/** What a real value is that must not occur in what is written; it decides how spellings of one value are brought together. */
export type WatchKind = (typeof watchKinds)[number];

/** Takes a real value, `bytes[start, end)`; all of the bytes where the ends are left out. */
export type Watch = (kind: WatchKind, bytes: Uint8Array, start?: number, end?: number) => void;

export const detectorRules = ['email', 'phone', 'iban', 'card', 'ip', 'private-key', 'jwt', 'bcrypt', 'api-key'] as const;

/** The detectors of the leak scan that go by form. */
export type DetectorRule = (typeof detectorRules)[number];

/** What the leak scan names a finding by: a form, or a real value of a kind. */
export type LeakRule = DetectorRule | `known-${WatchKind}`;

export const leakRules: readonly LeakRule[] = [...detectorRules, ...watchKinds.map((kind) => `known-${kind}` as const)];

/** A finding that the policy lets stand, in writing. `place` as the build names it, with or without the schema. */
export type LeakAllowance = { readonly place: string; readonly rule: LeakRule; readonly reason: string };
