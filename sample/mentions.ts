import { pick } from './dice.ts';
import type { Person } from './population.ts';

const french: readonly ((who: Person, other: Person) => string)[] = [
  (who) => `Rappeler ${who.displayName} au ${who.mobileAsTyped} avant midi.`,
  (who, other) => `${who.firstName} part en congé ; voir avec ${other.displayName} (${other.emailAsTyped}).`,
  (who) => `Client depuis 2019.\nFacture à envoyer à ${who.emailAsTyped}\tcopie papier non souhaitée.`,
  (who, other) => `Ligne transférée de ${who.mobile} vers ${other.mobileAsTyped} à la demande de M./Mme ${who.lastName}.`,
];

const english: readonly ((who: Person, other: Person) => string)[] = [
  (who) => `Please call ${who.displayName} back on ${who.mobileAsTyped}, not before 10:00.`,
  (who, other) => `${other.displayName} <${other.email}> asked about the contract of ${who.displayName} <${who.emailAsTyped}>.`,
  (who) => `"${who.nickname ?? who.firstName}" prefers e-mail: ${who.emailAsTyped} 📧`,
];

/** A sentence or two, as somebody at a desk would type them, that name people by name, e-mail or phone. */
export const noteAbout = (who: Person, other: Person, rolled: number): string =>
  pick(who.country === 'FR' ? french : english, rolled)(who, other);
