import { describe, expect, test } from 'vitest';
import { otherKeyText, textRule } from './making.ts';

const emailPattern = /^[a-z]+\.[a-z]+\.[a-z2-9]{16}@example\.com$/;

describe('email', () => {
  const email = textRule('email');

  test('gives one valid address at a reserved domain for all spellings of one address', () => {
    const expected = email('marie.dupont@acme.fr');
    expect(expected).toMatch(emailPattern);
    for (const spelling of ['Marie.Dupont@Acme.fr', ' MARIE.DUPONT@ACME.FR ', 'marie.dupont@acme.fr\n'])
      expect(email(spelling)).toBe(expected);
    expect(email('zoe\u0301@acme.fr')).toBe(email('ZO\u00c9@acme.fr'));
  });

  test('depends on the key, the identity and nothing else', () => {
    const value = 'marie.dupont@acme.fr';
    expect(textRule({ email: { identity: 'person.email' } })(value)).toBe(email(value));
    expect(textRule('email', { place: 'ldap attribute mail', sourceKind: 'ldap' })(value)).toBe(email(value));
    expect(textRule('email', {}, { key: otherKeyText })(value)).not.toBe(email(value));
  });

  test('is unique over 100,000 addresses, and takes any other text for one too', () => {
    const seen = new Set<string | null>();
    for (let index = 0; index < 100_000; index++) seen.add(email(`user${index}@acme.fr`));
    expect(seen.size).toBe(100_000);
    expect(email('mdupont')).toMatch(emailPattern);
  });

  test('takes another reserved domain, and no domain of anybody', () => {
    expect(textRule({ email: { domain: 'mail.test' } })('a@b.fr')).toMatch(/@mail\.test$/);
    expect(() => textRule({ email: { domain: 'acme.fr' } })).toThrow(/reserved domain/);
  });
});

describe('login', () => {
  const login = textRule('login');

  test('is stable, lower case, and unique over 100,000 logins', () => {
    expect(login('MDupont42')).toBe(login('mdupont42'));
    const seen = new Set<string | null>();
    for (let index = 0; index < 100_000; index++) seen.add(login(`u${index}`));
    expect(seen.size).toBe(100_000);
    for (const made of [...seen].slice(0, 100)) expect(made).toMatch(/^[a-z]+\.[a-z2-9]{16}$/);
  });
});

describe('names', () => {
  const first = textRule('first-name');
  const last = textRule('last-name');
  const full = textRule('full-name');

  test('the same name in another case, composition or spacing stays the same', () => {
    expect(first('Élodie')).toBe(first('e\u0301LODIE '));
    expect(last('Straße')).toBe(last('STRASSE'));
    expect(first('Παναγιώτης')).toBe(first('ΠΑΝΑΓΙΏΤΗΣ'));
    expect(first('Jean  Pierre')).toBe(first('jean pierre'));
  });

  test('a full name is made of what its parts become', () => {
    expect(full('Marie Dupont')).toBe(`${first('marie')} ${last('DUPONT')}`);
    expect(full(' Ana  de la Cruz')).toBe(`${first('Ana')} ${last('de la Cruz')}`);
    expect(full('王伟')).toBe(`${first('王伟')} ${last('王伟')}`);
  });

  test('no name becomes itself', () => {
    const names = Array.from({ length: 2000 }, (_, index) => first(`name ${index}`) ?? '');
    for (const name of new Set(names)) expect(first(name)?.toLowerCase()).not.toBe(name.toLowerCase());
    expect(new Set(names).size).toBeGreaterThan(300);
  });
});

describe('company-name', () => {
  test('is unique with its token and keyed by the folded name', () => {
    const company = textRule('company-name', { unique: true });
    expect(company('Dupont, Fils & Cie')).toBe(company('DUPONT, fils  & cie'));
    const seen = new Set(Array.from({ length: 100_000 }, (_, index) => company(`Company ${index}`)));
    expect(seen.size).toBe(100_000);
    expect(textRule({ 'company-name': { token: false } })('Acme')).toMatch(/^\p{L}+ \p{L}+$/u);
  });
});
