import { rowsOf } from '../bulk-text.ts';
import { chance, pick } from '../dice.ts';
import { noteAbout } from '../mentions.ts';
import { dayOf, fraction, momentOf } from '../moments.ts';
import { pngOf } from '../pictures.ts';
import type { Person, Population } from '../population.ts';
import type { SampleCounts } from '../sizes.ts';
import { passwordHashes } from './password-hashes.ts';
import type { TableData } from './table-data.ts';

/** The reference table; the same at every size. */
export const offersData: TableData = {
  table: 'offers',
  columns: ['id', 'code', 'name', 'monthly_price', 'minute_price', 'included_minutes', 'features', 'launched'],
  set: null,
  rowCount: 4,
  rows: () => [
    [1, 'basic', 'Basic', '9.90', '0.12000', 60, 'voicemail', 2009],
    [2, 'avantage', 'Avantage', '19.90', '0.09500', 300, 'voicemail,mobile_app', 2011],
    [3, 'privilege', 'Privilège', '39.90', '0.06250', 1200, 'voicemail,conference,mobile_app,calendar', 2014],
    [4, 'integrale', 'Intégrale', '79.90', '0.00000', null, 'voicemail,recording,conference,mobile_app,calendar', 2018],
  ],
};

export const companiesData = (population: Population, counts: SampleCounts): TableData => {
  const roll = population.dice.die('companies');
  return {
    table: 'companies',
    columns: [
      ...['id', 'name', 'legal_name', 'registration_number', 'domain', 'offer_id', 'main_user_id', 'contact_email', 'phone', 'iban'],
      ...['street', 'postal_code', 'city', 'country', 'opens_at', 'closes_at', 'rating', '@is_active', 'created_at'],
    ],
    set: 'is_active = CAST(@is_active AS UNSIGNED)',
    rowCount: counts.companies,
    rows: () =>
      rowsOf(counts.companies, (index) => {
        const company = population.company(index);
        const rolled = roll(index);
        const head = population.headOf(index);
        return [
          index + 1,
          company.name,
          company.legalName,
          company.registrationNumber,
          company.domain,
          1 + (rolled % 4),
          head < counts.users ? head + 1 : null,
          chance(rolled, 90) ? company.contactEmail : null,
          chance(rolled, 95) ? company.phone : null,
          rolled % 7 === 0 ? null : `FR76${company.registrationNumber}${String(rolled % 1_000_000_000).padStart(9, '0')}`,
          company.street,
          company.postalCode,
          company.city,
          'FR',
          rolled % 5 === 0 ? null : `0${7 + (rolled % 3)}:30:00`,
          rolled % 5 === 0 ? null : `${17 + (rolled % 4)}:00:00`,
          rolled % 6 === 0 ? null : (rolled % 5_000) / 999,
          rolled % 25 === 0 ? 0 : 1,
          `${momentOf(rolled)}.${fraction(rolled, 6)}`,
        ];
      }),
  };
};

const settingsOf = (person: Person, other: Person, rolled: number): string => {
  const emergency = [
    { name: other.displayName, phone: other.mobileAsTyped, relation: pick(['conjoint', 'parent', 'voisin·e', 'friend'], rolled >>> 5) },
  ];
  return JSON.stringify({
    theme: pick(['clair', 'sombre', 'system'], rolled),
    language: person.locale.slice(0, 2),
    notifications: { email: rolled % 2 === 0, sms: rolled % 3 === 0, address: person.emailAsTyped },
    ...(rolled % 4 === 0
      ? {}
      : { voicemail: { pin: fraction(rolled >>> 3, 4), forwardTo: rolled % 8 === 1 ? null : person.mobileAsTyped } }),
    emergencyContacts: rolled % 3 === 0 ? emergency : [],
    ...(rolled % 5 === 0 ? { widgets: ['calls', 'contacts', 'météo ☀️'].slice(0, 1 + (rolled % 3)) } : {}),
  });
};

export const usersData = (population: Population, counts: SampleCounts): TableData => {
  const roll = population.dice.die('users');
  const money = population.dice.die('users.balance');
  const pixels = population.dice.bytes('users.avatar');
  const address = population.dice.bytes('users.address');
  return {
    table: 'users',
    columns: [
      ...['id', 'offer_id', 'company_id', 'login', 'email', 'first_name', 'last_name', 'display_name', 'nickname', 'gender', 'phone'],
      ...['password_hash', 'birth_date', 'locale', 'street', 'postal_code', 'city', 'country', 'settings', 'notes', '@avatar', 'balance'],
      ...['@flags', '@last_login_ip', 'last_login_at', 'created_at', 'updated_at'],
    ],
    set: 'avatar = UNHEX(@avatar), flags = CAST(@flags AS UNSIGNED), last_login_ip = UNHEX(@last_login_ip)',
    rowCount: counts.users,
    rows: () =>
      rowsOf(counts.users, (index) => {
        const person = population.person(index);
        const rolled = roll(index);
        const withNote = chance(rolled, 40);
        const withSettings = index === 1 || rolled % 5 !== 0;
        const other = withNote || withSettings ? population.person((index * 7 + 3) % counts.users) : person;
        const seen = rolled % 9 !== 0;
        return [
          index + 1,
          1 + (rolled % 4),
          person.employment === null ? null : person.employment.companyIndex + 1,
          person.login,
          person.emailAsTyped,
          person.firstName,
          person.lastName,
          rolled % 10 === 0 ? null : person.displayName,
          person.nickname,
          person.gender,
          index !== 1 && rolled % 20 === 0 ? null : person.mobileAsTyped,
          pick(passwordHashes, rolled >>> 4),
          rolled % 11 === 0 ? null : person.birthDate,
          person.locale,
          rolled % 13 === 0 ? null : person.street,
          rolled % 13 === 0 ? null : person.postalCode,
          rolled % 13 === 0 ? null : person.city,
          person.country,
          withSettings ? settingsOf(person, other, rolled) : null,
          withNote ? noteAbout(person, other, rolled) : rolled % 17 === 0 ? '' : null,
          rolled % 4 === 0 ? pngOf(pixels(index, 64)).toString('hex') : null,
          `${rolled % 6 === 0 ? '-' : ''}${money(index) % 5_000}.${fraction(money(index) >>> 8, 2)}`,
          rolled % 256,
          seen ? address(index, rolled % 3 === 0 ? 16 : 4).toString('hex') : null,
          seen ? momentOf(rolled >>> 1) : null,
          `${momentOf(money(index))}.${fraction(rolled, 6)}`,
          `${momentOf(rolled >>> 2)}.${fraction(rolled, 3)}`,
        ];
      }),
  };
};

export const employeesData = (population: Population, counts: SampleCounts): TableData => {
  const roll = population.dice.die('employees');
  return {
    table: 'employees',
    columns: ['id', 'user_id', 'company_id', 'manager_id', 'employee_number', 'title', 'hired_on', 'salary'],
    set: null,
    rowCount: counts.employees,
    rows: () =>
      rowsOf(counts.employees, (ordinal) => {
        const index = population.employee(ordinal);
        const { employment } = population.person(index);
        if (employment === null) throw new RangeError('an employee without employment');
        const rolled = roll(ordinal);
        return [
          ordinal + 1,
          index + 1,
          employment.companyIndex + 1,
          employment.managerOrdinal === null ? null : employment.managerOrdinal + 1,
          employment.employeeNumber,
          rolled % 12 === 0 ? null : employment.title,
          dayOf(rolled),
          rolled % 8 === 0 ? null : `${24_000 + (rolled % 90_000)}.${fraction(rolled >>> 7, 2)}`,
        ];
      }),
  };
};

/** Lines without a key; every twentieth repeats the one before it. */
export const auditData = (population: Population, counts: SampleCounts): TableData => {
  const roll = population.dice.die('audit');
  return {
    table: 'audit_log',
    columns: ['logged_at', 'actor', 'action', 'detail', 'ip'],
    set: null,
    rowCount: counts.auditLines,
    rows: () =>
      rowsOf(counts.auditLines, (line) => {
        const rolled = roll(line % 20 === 19 ? line - 1 : line);
        const actor = population.person(rolled % counts.users);
        const subject = population.person((rolled >>> 3) % counts.users);
        return [
          `${momentOf(rolled)}.${fraction(rolled, 3)}`,
          rolled % 15 === 0 ? null : actor.email,
          pick(['login', 'password.reset', 'number.assigned', 'note.written', 'offer.changed'], rolled >>> 5),
          rolled % 10 === 0 ? null : noteAbout(subject, actor, rolled >>> 2),
          rolled % 7 === 0
            ? `2a01:e0a:${(rolled & 0xffff).toString(16)}::${((rolled >>> 16) & 0xffff).toString(16)}`
            : `82.64.${rolled & 255}.${(rolled >>> 8) & 255}`,
        ];
      }),
  };
};
