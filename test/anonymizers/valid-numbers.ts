/** The remainder that makes an IBAN valid (ISO 13616): 1. */
function ibanRest(compact: string): bigint {
  const digits = [...(compact.slice(4) + compact.slice(0, 4))].map((letter) => Number.parseInt(letter, 36)).join('');
  return BigInt(digits) % 97n;
}

export function isIban(text: string): boolean {
  const compact = text.replaceAll(/[ -]/g, '').toUpperCase();
  return /^[A-Z]{2}\d{2}[A-Z\d]{11,30}$/.test(compact) && ibanRest(compact) === 1n;
}

/** @param account of the country, in capitals and digits */
export function ibanOf(country: string, account: string): string {
  const check = 98n - ibanRest(`${country}00${account}`);
  return `${country}${String(check).padStart(2, '0')}${account}`;
}

/** Luhn's sum (ISO/IEC 7812-1). */
function luhnSum(digits: string): number {
  return [...digits].reverse().reduce((sum, digit, at) => {
    const worth = Number(digit) * (at % 2 === 0 ? 1 : 2);
    return sum + (worth > 9 ? worth - 9 : worth);
  }, 0);
}

export function isCardNumber(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '');
  return digits.length >= 12 && luhnSum(digits) % 10 === 0;
}

/** The digits with the one behind them that makes them a card's number. */
export function cardOf(digits: string): string {
  return `${digits}${(10 - (luhnSum(`${digits}0`) % 10)) % 10}`;
}
