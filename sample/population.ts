import { type Company, createCompanies, firstEmployeeOf, placeOfEmployee } from './companies.ts';
import { chance, createDice, createSpread, type Dice, evenEightDigits, pick } from './dice.ts';
import { type Name, type NameGroup, nameGroups, nicknames, titles } from './names.ts';

/** What makes a person an employee of a company. */
interface Employment {
  /** The employee's place among all employees, from 0; `employees.id` is one more. */
  readonly ordinal: number;
  readonly companyIndex: number;
  /** 0 is the head of the company. */
  readonly rank: number;
  /** Ordinal of the manager, who works in the same company and stands before the employee; null for the head. */
  readonly managerOrdinal: number | null;
  readonly employeeNumber: string;
  readonly title: string;
}

/** One made-up person. The same person has the same values in every system, written in that system's manner. */
export interface Person {
  readonly index: number;
  readonly firstName: string;
  readonly lastName: string;
  /** First and last name in the order and with the spacing of the person's language. */
  readonly displayName: string;
  readonly initials: string;
  readonly nickname: string | null;
  readonly gender: 'f' | 'm' | 'x' | null;
  /** Unique, lower case; how LDAP writes it. */
  readonly email: string;
  /** The same address as the person typed it; how MySQL writes it. */
  readonly emailAsTyped: string;
  /** Unique; ASCII, some with `+`. */
  readonly login: string;
  /** E.164, unique; how LDAP writes it. */
  readonly mobile: string;
  /** The same number as the person typed it: E.164, French national, or international with spaces; how MySQL writes it. */
  readonly mobileAsTyped: string;
  /** E.164, unique. */
  readonly landline: string;
  /** YYYY-MM-DD */
  readonly birthDate: string;
  readonly locale: string;
  readonly timeZone: string;
  readonly street: string;
  readonly postalCode: string;
  readonly city: string;
  readonly country: string;
  readonly employment: Employment | null;
}

/** People and companies as pure functions of one seed. Any index ≥ 0 is a valid person; those beyond the users' are outsiders. */
export interface Population {
  readonly dice: Dice;
  person(index: number): Person;
  /** The person's E.164 mobile, without making the whole person. */
  mobile(index: number): string;
  /** The person's E.164 landline, likewise. */
  landline(index: number): string;
  company(index: number): Company;
  /** Index of the person who is the employee of this ordinal. */
  employee(ordinal: number): number;
  /** Index of the person who heads a company. */
  headOf(companyIndex: number): number;
}

/** Three of five people are employees: those whose index ends in 0, 1, 2, 5, 6 or 7. */
const employedOf = (index: number): number | null => (index % 5 < 3 ? Math.floor(index / 5) * 3 + (index % 5) : null);
const personOfEmployee = (ordinal: number): number => Math.floor(ordinal / 3) * 5 + (ordinal % 3);

/** Digits in groups of two from the right, as French numbers are written. */
const inPairs = (digits: string): string => digits.replaceAll(/\B(?=(?:\d{2})+$)/g, ' ');

/** Of ten ways to write a number, 0 … 4 are E.164 and those up to this one French national. */
const nationalStyle = 7;
/** Of ten ways to write an address, 0 … 4 are lower case, those up to this one capitalised, the last upper case. */
const capitalisedStyle = 8;

const twoDigits = (value: number): string => String(value).padStart(2, '0');

const capitalised = (text: string): string =>
  text.replaceAll(/(^|[._-])([a-z])/g, (_all, before: string, letter: string) => before + letter.toUpperCase());

/** Index of Marie Dupont of Acme, whom the demo and the tests follow through the three systems. She has a manager. */
export const followedPerson = 1;
const slotOf = (index: number): number => (index * 37) % 100;

interface GroupPlan {
  readonly group: NameGroup;
  readonly firstSlot: number;
  readonly pairs: number;
  readonly order: (index: number) => number;
}

const planGroups = (dice: Dice): GroupPlan[] => {
  let firstSlot = 0;
  return nameGroups.map((group) => {
    const groupSlot = firstSlot;
    const pairs = (group.female.length + group.male.length) * group.last.length;
    const spread = createSpread(pairs, dice.die(`person.order.${group.locale}`)(0));
    const followed = slotOf(followedPerson) - groupSlot;
    // Pair 0 of the first group is Marie Dupont: it changes places with the pair the followed person would have had.
    const order = (ordinal: number): number => {
      const pair = spread(ordinal);
      if (groupSlot !== 0) return pair;
      if (ordinal === followed) return 0;
      return pair === 0 ? spread(followed) : pair;
    };
    firstSlot += group.share;
    return { group, firstSlot: groupSlot, pairs, order };
  });
};

/** Makes the population of a seed. */
export const createPopulation = (seed: number): Population => {
  const dice = createDice(seed);
  const plans = planGroups(dice);
  const planBySlot = plans.flatMap((plan) => Array.from({ length: plan.group.share }, () => plan));
  const company = createCompanies(dice);
  const mobileDie = dice.die('person.mobile');
  const landlineDie = dice.die('person.landline');
  const looks = dice.die('person.looks');
  const habits = dice.die('person.habits');
  const home = dice.die('person.home');
  const birth = dice.die('person.birth');

  const planOf = (index: number): GroupPlan => pick(planBySlot, slotOf(index));
  const mobileDigits = (index: number): string => evenEightDigits(mobileDie, index);
  const mobile = (index: number): string => planOf(index).group.mobilePrefix + mobileDigits(index);

  const landline = (index: number): string => `+331${evenEightDigits(landlineDie, index)}`;

  const typedMobile = (index: number, group: NameGroup): string => {
    const e164 = group.mobilePrefix + mobileDigits(index);
    const style = index === followedPerson ? nationalStyle : habits(index) % 10;
    if (style < 5) return e164;
    const national = e164.slice(group.callingCode.length);
    if (group.country === 'FR')
      return style <= nationalStyle ? inPairs(`0${national}`) : `+33 ${national.slice(0, 1)} ${inPairs(national.slice(1))}`;
    return style <= nationalStyle ? e164 : `${group.callingCode} ${inPairs(national)}`;
  };

  const namesOf = (index: number, plan: GroupPlan): { first: Name; last: Name; female: boolean; generation: number } => {
    const { group } = plan;
    const ordinal = Math.floor(index / 100) * group.share + (slotOf(index) - plan.firstSlot);
    const pair = plan.order(ordinal);
    const firsts = group.female.length + group.male.length;
    const which = pair % firsts;
    const female = which < group.female.length;
    const first = female ? pick(group.female, which) : pick(group.male, which - group.female.length);
    return { first, last: pick(group.last, Math.floor(pair / firsts)), female, generation: Math.floor(ordinal / plan.pairs) };
  };

  const employmentOf = (index: number): Employment | null => {
    const ordinal = employedOf(index);
    if (ordinal === null) return null;
    const { companyIndex, rank } = placeOfEmployee(ordinal);
    return {
      ordinal,
      companyIndex,
      rank,
      managerOrdinal: rank === 0 ? null : ordinal - rank + Math.floor((rank - 1) / 8),
      employeeNumber: `E${String(ordinal + 1).padStart(7, '0')}`,
      title: rank === 0 ? pick(titles, 0) : pick(titles, 1 + (looks(index) % (titles.length - 1))),
    };
  };

  const typedEmail = (index: number, local: string, domain: string): string => {
    const style = index === followedPerson ? capitalisedStyle : (habits(index) >>> 8) % 10;
    if (style < 5) return `${local}@${domain}`;
    if (style <= capitalisedStyle) {
      const dot = domain.lastIndexOf('.');
      return `${capitalised(local)}@${capitalised(domain.slice(0, dot))}${domain.slice(dot)}`;
    }
    return `${local.toUpperCase()}@${domain}`;
  };

  const person = (index: number): Person => {
    const plan = planOf(index);
    const { group } = plan;
    const { first, last, female, generation } = namesOf(index, plan);
    const employment = employmentOf(index);
    const look = looks(index);
    const habit = habits(index);
    const house = home(index);
    const domain = employment === null ? pick(group.publicDomains, habit) : company(employment.companyIndex).domain;
    const local = `${first.ascii}${pick(['.', '.', '.', '_', '-'], habit >>> 4)}${last.ascii}${generation === 0 ? '' : String(generation + 1)}`;
    const eastern = group.country === 'CN' || group.country === 'JP';
    const [city, postalCode] = pick(group.places, house >>> 8);
    const birthRoll = birth(index);
    return {
      index,
      firstName: first.written,
      lastName: last.written,
      displayName: eastern ? `${last.written}${first.written}` : `${first.written} ${last.written}`,
      initials: `${first.ascii.slice(0, 1)}${last.ascii.slice(0, 1)}`.toUpperCase(),
      nickname: chance(look, 25) ? pick(nicknames, look) : null,
      gender: look % 40 === 0 ? null : look % 40 === 1 ? 'x' : female ? 'f' : 'm',
      email: `${local}@${domain}`,
      emailAsTyped: typedEmail(index, local, domain),
      login: `${first.ascii.slice(0, 1)}${last.ascii}${index % 50 === 7 ? '+' : ''}${index + 1}`,
      mobile: group.mobilePrefix + mobileDigits(index),
      mobileAsTyped: typedMobile(index, group),
      landline: landline(index),
      birthDate: `${1940 + (birthRoll % 66)}-${twoDigits(1 + ((birthRoll >>> 8) % 12))}-${twoDigits(1 + ((birthRoll >>> 16) % 28))}`,
      locale: group.locale,
      timeZone: group.timeZone,
      street: `${1 + (house % 220)} ${pick(group.streets, house >>> 16)}`,
      postalCode,
      city,
      country: group.country,
      employment,
    };
  };

  return {
    dice,
    person,
    mobile,
    landline,
    company,
    employee: personOfEmployee,
    headOf: (companyIndex) => personOfEmployee(firstEmployeeOf(companyIndex)),
  };
};
