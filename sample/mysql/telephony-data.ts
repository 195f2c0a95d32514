import { type Cell, rowsOf } from '../bulk-text.ts';
import { createDevices, deviceNameOf } from '../devices.ts';
import { chance, evenEightDigits, pick } from '../dice.ts';
import { noteAbout } from '../mentions.ts';
import { dayOf, fraction, momentOf, momentOfSequence } from '../moments.ts';
import type { Population } from '../population.ts';
import type { SampleCounts } from '../sizes.ts';
import type { TableData } from './table-data.ts';

/** How many contacts eight users in a row have; two on average. */
const contactsOfOwner: readonly number[] = [1, 5, 0, 2, 0, 3, 4, 1];
const ownersPerTurn = contactsOfOwner.length;
const contactsPerTurn = contactsOfOwner.reduce((sum, count) => sum + count, 0);

const ownerOfContact = (ordinal: number): { owner: number; position: number } => {
  let position = ordinal % contactsPerTurn;
  let owner = Math.floor(ordinal / contactsPerTurn) * ownersPerTurn;
  for (const count of contactsOfOwner) {
    if (position < count) break;
    position -= count;
    owner++;
  }
  return { owner, position: position + 1 };
};

export const contactsData = (population: Population, counts: SampleCounts): TableData => {
  const roll = population.dice.die('contacts');
  return {
    table: 'contacts',
    columns: [...['owner_id', 'position', 'name', 'email', 'phone', 'company_name', 'birthday', 'comment', '@is_favourite', 'created_at']],
    set: 'is_favourite = CAST(@is_favourite AS UNSIGNED)',
    rowCount: counts.contacts,
    rows: () =>
      rowsOf(counts.contacts, (ordinal) => {
        const { owner, position } = ownerOfContact(ordinal);
        const rolled = roll(ordinal);
        // Half of the contacts are users themselves, the others are people the company does not know.
        const person = population.person(rolled % 2 === 0 ? (rolled >>> 1) % counts.users : counts.users + (ordinal >>> 1));
        return [
          owner + 1,
          position,
          person.displayName,
          rolled % 6 === 0 ? null : rolled % 3 === 0 ? person.email : person.emailAsTyped,
          rolled % 7 === 0 ? null : rolled % 5 === 0 ? person.mobile : person.mobileAsTyped,
          person.employment === null ? null : population.company(person.employment.companyIndex).name,
          rolled % 4 === 0 ? person.birthDate : null,
          chance(rolled, 15) ? noteAbout(person, person, rolled >>> 3) : null,
          rolled % 9 === 0 ? 1 : 0,
          momentOf(rolled),
        ];
      }),
  };
};

/** The numbers that belong to companies, `+339…`, by an index from 0. */
export const voipNumber = (population: Population): ((index: number) => string) => {
  const die = population.dice.die('numbers.voip');
  return (index) => `+339${evenEightDigits(die, index)}`;
};

/** Landlines of the employees, mobiles of the first half of the users, and the companies' own numbers, each of these assigned twice. */
export const numbersData = (population: Population, counts: SampleCounts): TableData => {
  const roll = population.dice.die('numbers');
  const voip = voipNumber(population);
  const mobiles = counts.users / 2;
  const row = (ordinal: number): readonly Cell[] => {
    const rolled = roll(ordinal);
    const cost = `${rolled % 9}.${fraction(rolled, 3)}`;
    if (ordinal < counts.employees) {
      const owner = population.employee(ordinal);
      const label = rolled % 3 === 0 ? `Poste de ${population.person(owner).displayName}` : null;
      return [population.landline(owner), dayOf(rolled), owner + 1, null, 'landline', label, null, cost];
    }
    const beyondEmployees = ordinal - counts.employees;
    if (beyondEmployees < mobiles)
      return [population.mobile(beyondEmployees), dayOf(rolled), beyondEmployees + 1, null, 'mobile', null, null, cost];
    const own = beyondEmployees - mobiles;
    const pair = own >>> 1;
    const former = own % 2 === 0;
    return [
      voip(pair),
      former ? '2020-03-01' : dayOf(rolled),
      null,
      1 + (pair % counts.companies),
      'voip',
      'Standard',
      former ? '2020-12-31' : null,
      cost,
    ];
  };
  return {
    table: 'numbers',
    columns: ['number', 'assigned_on', 'user_id', 'company_id', 'kind', 'label', 'released_on', 'monthly_cost'],
    set: null,
    rowCount: counts.numbers,
    rows: () => rowsOf(counts.numbers, row),
  };
};

export const devicesData = (population: Population, counts: SampleCounts): TableData => {
  const roll = population.dice.die('devices');
  const device = createDevices(population, counts.users);
  return {
    table: 'devices',
    columns: ['@uuid', 'user_id', 'os', 'os_version', 'model', 'name', 'push_token', 'latitude', 'longitude', 'last_seen_at'],
    set: 'uuid = UNHEX(@uuid)',
    rowCount: counts.devices,
    rows: () =>
      rowsOf(counts.devices, (index) => {
        const one = device(index);
        const rolled = roll(index);
        const placed = rolled % 3 !== 0;
        return [
          one.uuid.toString('hex'),
          one.userIndex + 1,
          one.system,
          one.systemVersion,
          one.model,
          rolled % 4 === 0 ? null : deviceNameOf(one, population.person(one.userIndex)),
          index < counts.installations ? one.pushToken : null,
          placed ? 43 + (rolled % 80_000) / 11_111 : null,
          placed ? -1.5 + (rolled % 90_000) / 9_999 : null,
          rolled % 10 === 0 ? null : `${momentOf(rolled)}.${fraction(rolled, 3)}`,
        ];
      }),
  };
};

export const calendarsData = (population: Population, counts: SampleCounts): TableData => {
  const roll = population.dice.die('calendars');
  return {
    table: 'calendars',
    columns: ['id', 'user_id', 'name', 'colour', 'time_zone', 'feed_url', '@is_default'],
    set: 'is_default = CAST(@is_default AS UNSIGNED)',
    rowCount: counts.calendars,
    rows: () =>
      rowsOf(counts.calendars, (index) => {
        const person = population.person(index);
        const rolled = roll(index);
        const domain = person.email.slice(person.email.indexOf('@') + 1);
        return [
          index + 1,
          index + 1,
          person.country === 'FR' ? `Agenda de ${person.firstName}` : `${person.firstName} 📅`,
          `#${(rolled & 0xffffff).toString(16).padStart(6, '0')}`,
          person.timeZone,
          rolled % 3 === 0 ? `https://calendar.${domain}/ical/${encodeURIComponent(person.email)}/private/basic.ics` : null,
          rolled % 12 === 0 ? 0 : 1,
        ];
      }),
  };
};

const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

export const availabilityRulesData = (population: Population, counts: SampleCounts): TableData => {
  const roll = population.dice.die('rules');
  const ruleOf = (calendar: number, rolled: number): string => {
    const person = population.person(calendar);
    const days = dayNames.filter((_, at) => ((rolled >>> at) & 1) === 1);
    if (rolled % 3 === 0) return JSON.stringify({ days, action: 'ring' });
    const redirect = rolled % 3 === 1 ? { number: person.mobileAsTyped } : { number: null, email: person.emailAsTyped };
    return JSON.stringify({
      days,
      action: rolled % 3 === 1 ? 'redirect' : 'voicemail',
      redirect,
      announcement: rolled % 4 === 0 ? null : noteAbout(person, person, rolled >>> 6),
      exceptions: rolled % 5 === 0 ? [{ date: dayOf(rolled), reason: pick(['férié', 'congé', 'salon'], rolled >>> 3) }] : [],
    });
  };
  return {
    table: 'availability_rules',
    columns: ['id', 'calendar_id', 'starts_at', 'ends_at', '@weekdays', 'priority', 'rule', 'valid_from', 'valid_until'],
    set: 'weekdays = CAST(@weekdays AS UNSIGNED)',
    rowCount: counts.availabilityRules,
    rows: () =>
      rowsOf(counts.availabilityRules, (index) => {
        const calendar = index % counts.calendars;
        const rolled = roll(index);
        return [
          index + 1,
          calendar + 1,
          `0${rolled % 10}:00:00`,
          `1${rolled % 10}:30:00`,
          rolled & 127,
          (rolled % 5) - 2,
          ruleOf(calendar, rolled),
          dayOf(rolled),
          rolled % 2 === 0 ? null : '2024-12-31',
        ];
      }),
  };
};

/** Text that must arrive unchanged; names nobody. */
const headers: readonly (string | null)[] = [
  null,
  '',
  'Via: SIP/2.0/UDP 10.1.2.3:5060;branch=z9hG4bK776asdhds\r\n\t;received=10.1.2.4\r\nMax-Forwards: 70\r\n',
  'User-Agent: "PBX\\3.1" (caf\u00e9 \u{1f4de})\r\nX-Path: C:\\temp\\new\\\r\n',
  'X-Null: \\N\tX-Zero: \\0\r\n',
  '\\N',
  "X-Quote: 'a''b' \"c\" `d`; -- no comment\r\n",
  'Subject: \u65e5\u672c\u8a9e \u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac \u0639\u0631\u0628\u064a\u0629 \u{1d11e}\n\n',
];

export const callsData = (population: Population, counts: SampleCounts): TableData => {
  const roll = population.dice.die('calls');
  const second = population.dice.die('calls.second');
  const callId = population.dice.bytes('calls.id');
  const recording = population.dice.bytes('calls.recording');
  return {
    table: 'calls',
    columns: [
      ...['id', 'user_id', 'direction', 'caller', 'callee', 'started_at', 'duration', 'cost', 'quality', 'sip_call_id', 'raw_header'],
      '@recording',
    ],
    set: 'recording = UNHEX(@recording)',
    rowCount: counts.calls,
    rows: () =>
      rowsOf(counts.calls, (index) => {
        const rolled = roll(index);
        const other = second(index);
        const user = rolled % counts.users;
        // Half as many numbers again as there are users: some calls go to people the company does not know.
        const peer = population.mobile(other % Math.floor(counts.users * 1.5));
        const own = rolled % 3 === 0 ? population.landline(user) : population.mobile(user);
        const direction = pick(['in', 'out', 'internal'], other >>> 3);
        const seconds = other % 5_400;
        const header = pick(headers, other >>> 7);
        return [
          index + 1,
          rolled % 14 === 0 ? null : user + 1,
          direction,
          direction === 'in' ? (other % 10 === 0 ? null : peer) : own,
          direction === 'in' ? own : peer,
          `${momentOfSequence(index, counts.calls)}.${fraction(rolled, 6)}`,
          `0${Math.floor(seconds / 3_600)}:${fraction(Math.floor(seconds / 60) % 60, 2)}:${fraction(seconds % 60, 2)}`,
          `${seconds % 50}.${fraction(rolled, 5)}`,
          other % 10 === 0 ? null : 1 + (rolled % 4_000) / 1_000.7,
          callId(index, 16).toString('hex'),
          header,
          other % 20 === 0 ? recording(index, 16 + (rolled % 48)).toString('hex') : null,
        ];
      }),
  };
};
