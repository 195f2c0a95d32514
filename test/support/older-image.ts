import { ensureImages, type ImageName } from '../../scripts/images.ts';

/** The image of an older version, made now where it is not there: only the long tests need it, and its building takes minutes. */
export async function olderImage(name: ImageName): Promise<string> {
  const [image] = Object.values(await ensureImages({ names: [name], log: (line) => void process.stderr.write(`${line}\n`) }));
  if (image === undefined) throw new Error(`There is no image ${name}.`);
  return image;
}
