import type { ObjectInfo, ObjectStore } from '../../core/index.ts';

/** What stands below `folder` in a store, as a store of its own; `folder` ends with a slash. */
export function storeInFolder(objects: ObjectStore, folder: string): ObjectStore {
  const inside = <T extends ObjectInfo>(info: T): T => ({ ...info, key: info.key.slice(folder.length) });
  return {
    async stat(key, signal) {
      const found = await objects.stat(`${folder}${key}`, signal);
      return found && inside(found);
    },
    async read(key, options) {
      const found = await objects.read(`${folder}${key}`, options);
      return found && { ...found, info: inside(found.info) };
    },
    async *list(prefix, { after, ...options } = {}) {
      const from = after === undefined ? {} : { after: `${folder}${after}` };
      for await (const object of objects.list(`${folder}${prefix}`, { ...options, ...from })) yield inside(object);
    },
    async write(key, bytes, options) {
      return inside(await objects.write(`${folder}${key}`, bytes, options));
    },
    remove: (key, signal) => objects.remove(`${folder}${key}`, signal),
  };
}
