import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import { DynDataError } from '../core/index.ts';
import { errorFields } from './log.ts';

/** PEM texts: the certificate with its chain, and its private key. */
export type Certificate = { readonly cert: string; readonly key: string };

export type CertificateFiles = { readonly certFile: string; readonly keyFile: string };

/** @throws DynDataError CONFIG_INVALID naming the files, where they cannot be read or do not belong together; never with what is in them. */
export async function readCertificate(files: CertificateFiles, configDirectory: string): Promise<Certificate> {
  const [cert, key] = await Promise.all(
    [files.certFile, files.keyFile].map((file) =>
      readFile(resolve(configDirectory, file), 'utf8').catch((cause: unknown) => {
        throw new DynDataError('CONFIG_INVALID', `The file ${file} of listen.tls cannot be read. Correct its name, or its permissions.`, {
          cause,
        });
      }),
    ),
  );
  const certificate = { cert: cert ?? '', key: key ?? '' };
  try {
    createSecureContext(certificate);
  } catch {
    // Without the cause: what reads keys may quote them.
    const message = `${files.certFile} and ${files.keyFile} of listen.tls are no certificate and its private key in PEM form. Correct them.`;
    throw new DynDataError('CONFIG_INVALID', message);
  }
  return certificate;
}

export type CertificateWatch = {
  readonly files: CertificateFiles;
  readonly configDirectory: string;
  readonly renew: (certificate: Certificate) => void;
  readonly logger: Logger;
  readonly everyMs: number;
  readonly signal: AbortSignal;
};

/**
 * Reads the files again when they change, and when the returned function is called. They are looked at now and then, because the ways by which
 * file systems tell of changes miss those of mounted volumes and replaced links. Files that are not usable leave the certificate in force.
 */
export function watchCertificate({ files, configDirectory, renew, logger, everyMs, signal }: CertificateWatch): () => Promise<void> {
  const stateOf = async (): Promise<string> => {
    const states = await Promise.all(
      [files.certFile, files.keyFile].map((file) => stat(resolve(configDirectory, file)).catch(() => undefined)),
    );
    return states.map((state) => (state ? `${state.ino} ${state.mtimeMs} ${state.size}` : 'none')).join(', ');
  };
  let known: string | undefined;

  const reload = async (): Promise<void> => {
    try {
      renew(await readCertificate(files, configDirectory));
      logger.info({ certFile: files.certFile }, 'certificate read again');
    } catch (error) {
      logger.error({ error: errorFields(error) }, 'certificate not usable, the one before stays');
    }
  };
  const look = async (): Promise<void> => {
    const state = await stateOf();
    const isChanged = known !== undefined && state !== known;
    known = state;
    if (isChanged) await reload();
  };

  const timer = setInterval(() => void look(), everyMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  void look();
  return reload;
}
