import type { Socket } from 'node:net';
import {
  BerReader,
  type Control,
  FilterParser,
  PagedResultsControl,
  SearchRequest,
  type SearchRequestMessageOptions,
  SearchResponse,
  StatusCodeParser,
} from 'ldapts';
import { type Content, createMessageCutter, type Element, expectElement, malformed } from './messages.ts';
import type { WireEntry } from './wire-entries.ts';

export type SearchWanted = {
  readonly base: string;
  readonly scope: NonNullable<SearchRequestMessageOptions['scope']>;
  readonly filter: string;
  readonly attributes: readonly string[];
  /** False for the descriptions of attributes alone. */
  readonly values: boolean;
  readonly controls: readonly Control[];
};

/**
 * Searches page by page and gives the entries as they come. The next page is asked for as soon as one has come whole, and what has come and
 * is not taken yet is bounded. References are left out. One search at a time.
 * @throws ResultCodeError where the server ends the search otherwise than well, and a system error where the connection ends
 */
export type Search = (wanted: SearchWanted, signal: AbortSignal) => AsyncGenerator<readonly WireEntry[]>;

const entriesPerPage = 1_000;
/** Entries are handed on together. */
const batchBytes = 64 * 1024;
/** Received and not taken yet: beyond it the socket is not read. An entry can have a picture. */
const mostWaitingBytes = 8 * 1024 * 1024;

/** What came at once, and is so little that it is worth to wait for more. */
const fewBytes = 16 * 1024;
const gatheringMs = 1;

const tags = { integer: 0x02, searchEntry: 0x64, searchDone: 0x65, searchReference: 0x73 } as const;

/** A socket whose bytes come through `receive`, which nobody else gets. */
type SearchSocket = Pick<Socket, 'write' | 'pause' | 'resume' | 'destroy' | 'on' | 'setTimeout'>;

export type BoundSearch = {
  readonly search: Search;
  /** Takes what comes; the memory may be used again afterwards. */
  receive(received: Uint8Array): void;
};

/** Searches on a bound connection. @param answerTimeoutMs a server that says nothing for so long is taken for lost */
export function createSearch(socket: SearchSocket, answerTimeoutMs: number): BoundSearch {
  // The numbers that were used for binding are smaller.
  let messageId = 1_000;
  const element: Element = { headerEnd: 0, end: 0 };
  /** What each answer goes to. */
  let answered: ((id: number, message: Content) => void) | undefined;
  /** Asked for and not answered to its end. A page of another search must not be asked for meanwhile: servers keep one cookie for a connection. */
  let isAsked = false;
  let failure: Error | undefined;
  let failed: (error: Error) => void = () => undefined;
  const cut = createMessageCutter(({ bytes, start, end }) => {
    expectElement(bytes, start, end, tags.integer, element);
    let id = 0;
    for (let at = element.headerEnd; at < element.end; at += 1) id = id * 256 + (bytes[at] as number);
    answered?.(id, { bytes, start: element.end, end });
  });

  const fail = (error: Error): void => {
    failure ??= error;
    socket.destroy();
    failed(failure);
  };
  socket.on('error', fail);
  socket.on('timeout', () => fail(Object.assign(new Error('The server does not answer.'), { code: 'ETIMEDOUT' })));
  socket.on('close', () => fail(Object.assign(new Error('The connection was closed.'), { code: 'ECONNRESET' })));

  /** What has come is not taken fast enough. */
  let isFull = false;
  /** More is let come together. */
  let isGathering = false;
  const flow = (): void => {
    if (isFull || isGathering) socket.pause();
    else socket.resume();
  };
  /** Silence while nobody asks, or while what has come is not taken, is nobody's fault. */
  const watchSilence = (): void => {
    socket.setTimeout(isAsked && !isFull ? answerTimeoutMs : 0);
  };
  const setFull = (full: boolean): void => {
    if (full === isFull) return;
    isFull = full;
    watchSilence();
    flow();
  };
  // A server sends each entry by itself, and to read each by itself would be half of the work. So while more is to come it gathers for a moment.
  const gather = (): void => {
    isGathering = true;
    flow();
    setTimeout(() => {
      isGathering = false;
      flow();
    }, gatheringMs);
  };

  const search: Search = async function* (wanted, signal) {
    let batch: WireEntry[] = [];
    let waitingBytes = 0;
    let ended: { readonly error?: Error } | undefined;
    let wake: () => void = () => undefined;
    let current = 0;
    let isGivenUp = false;
    const paged = new PagedResultsControl({ value: { size: entriesPerPage } });
    const ask = (cookie?: Buffer): void => {
      messageId += 1;
      current = messageId;
      paged.value = { size: entriesPerPage, ...(cookie ? { cookie } : {}) };
      const request = new SearchRequest({
        messageId,
        baseDN: wanted.base,
        scope: wanted.scope,
        filter: FilterParser.parseString(wanted.filter),
        attributes: [...wanted.attributes],
        returnAttributeValues: wanted.values,
        timeLimit: 0,
        controls: [...wanted.controls, ...(wanted.scope === 'base' ? [] : [paged])],
      });
      isAsked = true;
      watchSilence();
      socket.write(request.write());
    };
    const end = (error?: Error): void => {
      ended ??= error ? { error } : {};
      wake();
    };
    answered = (id, { bytes, start, end: messageEnd }) => {
      if (id !== current) return;
      const tag = bytes[start] as number;
      if (tag === tags.searchEntry) {
        expectElement(bytes, start, messageEnd, tag, element);
        if (isGivenUp) return;
        batch.push({ bytes, start: element.headerEnd, end: element.end });
        waitingBytes += messageEnd - start;
        if (waitingBytes > mostWaitingBytes) setFull(true);
        if (waitingBytes > batchBytes) wake();
      } else if (tag === tags.searchDone) {
        isAsked = false;
        watchSilence();
        const { error, cookie } = readDone({ bytes, start, end: messageEnd });
        if (error) end(error);
        else if (cookie && cookie.length > 0 && !isGivenUp) {
          ask(cookie);
          wake();
        } else end();
      } else if (tag !== tags.searchReference) throw malformed();
    };
    failed = end;
    const abort = (): void => fail(signal.reason as Error);
    signal.throwIfAborted();
    if (failure) throw failure;
    signal.addEventListener('abort', abort, { once: true });
    try {
      ask();
      for (;;) {
        if (batch.length === 0 && !ended) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        if (ended?.error) throw ended.error;
        const taken = batch;
        batch = [];
        waitingBytes = 0;
        setFull(false);
        if (taken.length > 0) yield taken;
        else if (ended) return;
      }
    } finally {
      isGivenUp = true;
      setFull(false);
      while (isAsked && !failure) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      signal.removeEventListener('abort', abort);
      answered = undefined;
      failed = () => undefined;
    }
  };
  return {
    search,
    receive(received) {
      try {
        cut(received);
        if (isAsked && received.length < fewBytes) gather();
      } catch (error) {
        fail(error as Error);
      }
    },
  };
}

/** How a search, or a page of it, ended. */
function readDone({ bytes, start, end }: Content): { readonly error?: Error; readonly cookie?: Buffer | undefined } {
  const reader = new BerReader(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start));
  reader.readSequence();
  const response = new SearchResponse({ messageId: 0 });
  response.parse(reader, []);
  const paged = response.controls?.find((control) => control instanceof PagedResultsControl);
  return response.status === 0 ? { cookie: paged?.value?.cookie } : { error: StatusCodeParser.parse(response) };
}
