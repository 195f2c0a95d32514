import { type Collected, type CollectedKind, type CollectedOfKind, collectedKinds } from '../../core/index.ts';

export type Tally = {
  add(kind: CollectedKind, fate: keyof CollectedOfKind, sizeBytes: number): void;
  counts(): Pick<Collected, 'kinds'>;
};

export function createTally(): Tally {
  const none = () => ({ count: 0, sizeBytes: 0 });
  const kinds = Object.fromEntries(collectedKinds.map((kind) => [kind, { kept: none(), waiting: none(), removed: none() }])) as Record<
    CollectedKind,
    Record<keyof CollectedOfKind, { count: number; sizeBytes: number }>
  >;
  return {
    add(kind, fate, sizeBytes) {
      const amount = kinds[kind][fate];
      amount.count += 1;
      amount.sizeBytes += sizeBytes;
    },
    counts: () => ({ kinds: structuredClone(kinds) }),
  };
}
