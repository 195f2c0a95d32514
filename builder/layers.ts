import type { BlobInfo, Segment } from '../core/index.ts';
import { tarEnd, tarFileHeader, tarPadding } from './tar-header.ts';

/** A file of the image; `boundary` decides where layers are cut (see Chunk.boundary). */
export type LayerFile = { readonly path: string; readonly content: BlobInfo; readonly boundary: number };

/** Data layers per image: with the schema's and the manifest's own it stays below 100, and so below the engines' limit of about 125. */
const maxDataLayers = 96;

/**
 * Groups files, in order, into layers of like size. A layer starts at a file whose boundary is the greatest of all that lie fewer than
 * `reach` bytes before or behind it: so layers have at least `reach` bytes (but for the first) and about twice as many on average, and what changes
 * somewhere moves only starts within `reach` of it. `reach` is the smallest that gives at most `maxDataLayers`, in steps so wide that growing data
 * seldom takes the next; then starts go and none comes, so layers between the others stay. A function of boundaries and sizes alone.
 */
export function groupIntoLayers(files: readonly LayerFile[]): LayerFile[][] {
  const reaches = reachesOf(files);
  const reach = smallestReach(reaches);
  const layers: LayerFile[][] = [];
  for (const [index, file] of files.entries()) {
    const last = layers.at(-1);
    if (!last || (reaches[index] as number) >= reach) layers.push([file]);
    else last.push(file);
  }
  return layers;
}

/** Of each file how many bytes away the nearest one is whose boundary is greater, or as great and before it; infinite where there is none. */
function reachesOf(files: readonly LayerFile[]): number[] {
  const reaches: number[] = files.map(() => Number.POSITIVE_INFINITY);
  const starts: number[] = [];
  /** Files before this one of which none behind them has a greater boundary yet: their boundaries fall. */
  const open: number[] = [];
  let start = 0;
  for (const [index, { boundary, content }] of files.entries()) {
    starts.push(start);
    for (let before = open.at(-1); before !== undefined; before = open.at(-1)) {
      const distance = start - (starts[before] as number);
      if ((files[before] as LayerFile).boundary >= boundary) {
        reaches[index] = distance;
        break;
      }
      reaches[before] = Math.min(reaches[before] as number, distance);
      open.pop();
    }
    open.push(index);
    start += content.sizeBytes;
  }
  return reaches;
}

/** The smallest of 2, 3, 4, 6, 8, 12, 16, 24 … bytes that leaves at most `maxDataLayers` layers; 0 where every file can start a layer. */
function smallestReach(reaches: readonly number[]): number {
  // The first file starts a layer in any case.
  const tooNear = reaches.slice(1).sort((a, b) => b - a)[maxDataLayers - 1];
  if (tooNear === undefined) return 0;
  let step = 1;
  while (tooNear >= 4 * step) step *= 2;
  return (Math.floor(tooNear / step) + 1) * step;
}

/** The plain tar of these files, as pieces: headers and padding inline, contents by reference. */
export function layerSegments(files: readonly { readonly path: string; readonly content: BlobInfo }[]): Segment[] {
  const segments: Segment[] = [];
  let inline: Buffer[] = [];
  for (const { path, content } of files) {
    inline.push(tarFileHeader(path, content.sizeBytes));
    segments.push({ bytes: Buffer.concat(inline) }, { blob: content });
    inline = [tarPadding(content.sizeBytes)];
  }
  segments.push({ bytes: Buffer.concat([...inline, tarEnd]) });
  return segments;
}
