import { isContentDigest, type Referrer } from '../../core/index.ts';
import { noDigest } from './content.ts';
import { type Handlers, type OciPorts, queryValue } from './handling.ts';
import { linkNext, parseLast } from './pages.ts';

const indexType = 'application/vnd.oci.image.index.v1+json';
/** Clients take manifests of up to 4 MiB, and an answer is one; annotations can be large. */
const maxAnswerBytes = 3 * 1024 * 1024;

/** The manifests that name a subject, as an index. A subject of which nothing is known has none. */
export function referrerHandlers({ catalog }: Pick<OciPorts, 'catalog'>): Handlers<'referrers'> {
  return {
    async GET({ repository, digest }, request, response, signal) {
      if (!isContentDigest(digest)) throw noDigest();
      const artifactType = queryValue(request, 'artifactType');
      const last = parseLast(request);
      const found = catalog.referrers(repository, digest, { ...(last ? { after: last } : {}), signal });
      const { manifests, isMore } = await takeReferrers(found, artifactType);
      if (artifactType !== undefined) response.set('OCI-Filters-Applied', 'artifactType');
      const lastDigest = manifests.at(-1)?.digest;
      if (isMore && lastDigest !== undefined) {
        const filter = artifactType === undefined ? {} : { artifactType };
        linkNext(response, `/v2/${repository}/referrers/${digest}`, { ...filter, last: lastDigest });
      }
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }));
      response.setHeader('Content-Type', indexType);
      response.setHeader('Content-Length', bytes.byteLength);
      response.end(request.method === 'HEAD' ? undefined : bytes);
    },
  };
}

/** As many as one answer takes, and one in any case. */
async function takeReferrers(
  found: AsyncIterable<Referrer>,
  artifactType: string | undefined,
): Promise<{ manifests: Referrer[]; isMore: boolean }> {
  const manifests: Referrer[] = [];
  let sizeBytes = 0;
  for await (const referrer of found) {
    if (artifactType !== undefined && referrer.artifactType !== artifactType) continue;
    sizeBytes += Buffer.byteLength(JSON.stringify(referrer));
    if (manifests.length > 0 && sizeBytes > maxAnswerBytes) return { manifests, isMore: true };
    manifests.push(referrer);
  }
  return { manifests, isMore: false };
}
