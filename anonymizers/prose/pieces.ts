/** A piece of a text, and what replaces it. */
type Piece = { readonly from: number; readonly to: number; readonly by: string };

/** Gathers what is replaced in a text; what came first stands. */
export type Pieces = {
  /** False, and nothing is done, where the piece shares a character with one before. */
  add(from: number, to: number, by: string): boolean;
  /** The text with everything replaced. */
  replaceIn(text: string): string;
};

export function createPieces(): Pieces {
  /** In the order of their places. */
  const pieces: Piece[] = [];
  return {
    add(from, to, by) {
      let [low, high] = [0, pieces.length];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((pieces[middle] as Piece).from < from) low = middle + 1;
        else high = middle;
      }
      if ((pieces[low - 1]?.to ?? 0) > from || (pieces[low]?.from ?? to) < to) return false;
      pieces.splice(low, 0, { from, to, by });
      return true;
    },
    replaceIn(text) {
      let result = '';
      let end = 0;
      for (const { from, to, by } of pieces) {
        result += text.slice(end, from) + by;
        end = to;
      }
      return result + text.slice(end);
    },
  };
}
