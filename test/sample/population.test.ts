import { describe, expect, it } from 'vitest';
import { createPopulation, followedPerson, type Person } from '../../sample/population.ts';

const people = 100_000;
const population = createPopulation(20_240_501);
const everybody: Person[] = Array.from({ length: people }, (_, index) => population.person(index));

describe('the population', () => {
  it('is a pure function of seed and index', () => {
    const again = createPopulation(20_240_501);
    for (const index of [0, 1, 7, 99_999, 4_321]) expect(again.person(index)).toEqual(everybody[index]);
    expect(createPopulation(1).person(5)).not.toEqual(everybody[5]);
  });

  it.each(['email', 'login', 'mobile', 'mobileAsTyped', 'landline'] as const)(
    'gives every one of 100,000 people a %s of their own',
    (field) => {
      expect(new Set(everybody.map((person) => person[field].toLowerCase())).size).toBe(people);
    },
  );

  it('writes the same address and number in the manner of each system', () => {
    expect(everybody.filter((person) => person.emailAsTyped.toLowerCase() !== person.email)).toEqual([]);
    const e164 = (typed: string): string => typed.replaceAll(' ', '').replace(/^0/, '+33');
    expect(everybody.filter((person) => e164(person.mobileAsTyped) !== person.mobile)).toEqual([]);
    expect(everybody.filter((person) => !/^\+[1-9]\d{10,12}$/.test(person.mobile))).toEqual([]);
    expect(everybody.filter((person) => person.emailAsTyped !== person.email).length).toBeGreaterThan(people / 4);
    expect(everybody.filter((person) => person.mobileAsTyped.startsWith('0')).length).toBeGreaterThan(people / 20);
  });

  it('uses no reserved e-mail domain', () => {
    const reserved = /@(?:.*\.)?(?:example\.(?:com|org|net)|test|invalid|example|localhost)$/;
    expect(everybody.filter((person) => reserved.test(person.email))).toEqual([]);
  });

  it('names people in several scripts', () => {
    const names = everybody.slice(0, 1_000).map((person) => person.displayName + (person.nickname ?? ''));
    for (const script of ['Latin', 'Arabic', 'Greek', 'Cyrillic', 'Han']) {
      const pattern = new RegExp(`\\p{Script=${script}}`, 'u');
      expect(names.some((name) => pattern.test(name))).toBe(true);
    }
    expect(names.some((name) => /\p{Extended_Pictographic}/u.test(name))).toBe(true);
  });

  it('gives each employee a manager of the same company who stands before her', () => {
    for (const { employment } of everybody.slice(0, 20_000)) {
      if (employment === null || employment.managerOrdinal === null) continue;
      const manager = population.person(population.employee(employment.managerOrdinal)).employment;
      expect(manager?.companyIndex).toBe(employment.companyIndex);
      expect(employment.managerOrdinal).toBeLessThan(employment.ordinal);
    }
  });

  it('has heads of companies where it says they are', () => {
    for (let company = 0; company < 500; company++) {
      expect(population.person(population.headOf(company)).employment).toMatchObject({
        companyIndex: company,
        rank: 0,
        managerOrdinal: null,
      });
    }
  });

  it('has companies with names and domains of their own', () => {
    const companies = Array.from({ length: 12_000 }, (_, index) => population.company(index));
    for (const field of ['name', 'domain', 'registrationNumber', 'phone'] as const)
      expect(new Set(companies.map((company) => company[field])).size).toBe(companies.length);
  });

  it.each([20_240_501, 1, 77])('follows Marie Dupont of Acme with seed %i', (seed) => {
    const { person, employee } = createPopulation(seed);
    const marie = person(followedPerson);
    expect(marie).toMatchObject({ displayName: 'Marie Dupont', email: 'marie.dupont@acme.fr', emailAsTyped: 'Marie.Dupont@Acme.fr' });
    expect(marie.mobileAsTyped).toMatch(/^06( \d\d){4}$/);
    expect(person(employee(marie.employment?.managerOrdinal ?? -1)).employment?.companyIndex).toBe(0);
    expect(Array.from({ length: 20_000 }, (_, index) => person(index).email).filter((email) => email === marie.email)).toHaveLength(1);
  });
});
