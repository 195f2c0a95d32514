import type { BlobInfo, Segment } from '../core/index.ts';
import { tarEnd, tarFileHeader, tarPadding } from './tar-header.ts';

/** A file of the image; `boundary` decides where layers are cut (see Chunk.boundary). */
export type LayerFile = { readonly path: string; readonly content: BlobInfo; readonly boundary: number };

/** Data layers per image: with the schema's and the manifest's own it stays far below the engines' limit of about 125. */
const maxDataLayers = 64;

/**
 * Groups files, in order, into layers. A layer starts where a file's boundary is divisible by the smallest power of two that keeps their
 * number within the bound: so grouping depends on keys alone, and an unchanged run of files is the same layer tomorrow. A file's
 * boundary does not change with its rows, so one changed row changes one layer.
 */
export function groupIntoLayers(files: readonly LayerFile[], maxLayers: number = maxDataLayers): LayerFile[][] {
  for (let divisor = 1; ; divisor *= 2) {
    const layers: LayerFile[][] = [];
    for (const file of files) {
      const last = layers.at(-1);
      if (!last || file.boundary % divisor === 0) layers.push([file]);
      else last.push(file);
    }
    if (layers.length <= maxLayers) return layers;
  }
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
