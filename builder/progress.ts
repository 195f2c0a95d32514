import type { Interruption, Progress } from '../core/index.ts';

export type ProgressMeter = {
  step(step: Progress['step']): void;
  expect(tables: number, rows: number): void;
  tableStarted(name: string): void;
  tableEnded(): void;
  chunkStored(rows: number, bytes: number): void;
  /** A table with these stored rows is read again. */
  tableGivenUp(rows: number, bytes: number): void;
  interrupted(interruption: Interruption): void;
  /** Everything is read again. */
  startAgain(): void;
};

/** Adds up what a build has done and reports every change. */
export function createProgressMeter(onProgress: (progress: Progress) => void): ProgressMeter {
  const nothing = { step: 'connect', tablesDone: 0, tablesTotal: 0, rowsDone: 0, rowsEstimated: 0, bytesDone: 0 } as const;
  const state: Progress = { ...nothing };
  const report = (): void => onProgress({ ...state });
  return {
    step(step) {
      state.step = step;
      report();
    },
    expect(tables, rows) {
      state.tablesTotal += tables;
      state.rowsEstimated += rows;
      report();
    },
    tableStarted(name) {
      state.current = name;
      report();
    },
    tableEnded() {
      state.tablesDone += 1;
      report();
    },
    chunkStored(rows, bytes) {
      state.rowsDone += rows;
      state.bytesDone += bytes;
      report();
    },
    tableGivenUp(rows, bytes) {
      state.rowsDone -= rows;
      state.bytesDone -= bytes;
      report();
    },
    interrupted(interruption) {
      state.interruptions = [...(state.interruptions ?? []), interruption];
      report();
    },
    startAgain() {
      Object.assign(state, nothing);
      delete state.current;
      report();
    },
  };
}
