/** True for a name with `*`, which stands for any run of characters. */
export function isPattern(name: string): boolean {
  return name.includes('*');
}

/** @param pattern a name, in which `*` stands for any run of characters. Case counts. */
export function matchesPattern(pattern: string, name: string): boolean {
  if (!isPattern(pattern)) return pattern === name;
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop() ?? '';
  if (name.length < head.length + tail.length || !name.startsWith(head) || !name.endsWith(tail)) return false;
  let at = head.length;
  const end = name.length - tail.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
