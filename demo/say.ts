/** Headings and result lines of the demo; a failed proof makes the whole demo fail at its end. */
export type Teller = {
  heading(text: string): void;
  line(text: string): void;
  proof(number: number, holds: boolean, text: string): void;
  readonly failed: number;
};

export function createTeller(write: (text: string) => void): Teller {
  let failed = 0;
  return {
    heading: (text) => write(`\n== ${text}\n`),
    line: (text) => write(`   ${text}\n`),
    proof(number, holds, text) {
      if (!holds) failed += 1;
      write(`   ${holds ? 'ok    ' : 'FAILED'} ${number}. ${text}\n`);
    },
    get failed() {
      return failed;
    },
  };
}
