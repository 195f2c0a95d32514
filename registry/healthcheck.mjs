// The health check of the image: asks the registry or builder of this container whether it lives, at the address that it wrote when it began to
// listen. Ends with 0 or 1. Not whether it is ready: a container that Redis or the storage is away from must not be replaced, it goes on when
// they are back. Imports nothing of the registry: it runs every few seconds.
import { readFileSync } from 'node:fs';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';

const timeoutMs = 5_000;

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

let listening;
try {
  ({ listening } = JSON.parse(readFileSync(process.env.DYN_DATA_LISTENING_FILE, 'utf8')));
} catch (error) {
  fail(`It does not listen yet (${error.code ?? error.name}).`);
}
if (listening === undefined) fail('It listens nowhere, so nobody can ask it: set builder.listen in the configuration.');
const get = listening.startsWith('https:') ? getHttps : getHttp;
// The certificate is for the name that clients use. Nothing secret is sent, and what answers is in this container.
const options = { rejectUnauthorized: false, signal: AbortSignal.timeout(timeoutMs) };
get(`${listening}/healthz`, options, ({ statusCode }) => {
  process.stdout.write(`${statusCode}\n`);
  process.exit(statusCode === 200 ? 0 : 1);
}).on('error', (error) => fail(`${listening} does not answer (${error.code ?? error.name}).`));
