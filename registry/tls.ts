import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
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
    // An empty file, such as one that is just being written, would be taken for none.
    if (!new X509Certificate(certificate.cert).checkPrivateKey(createPrivateKey(certificate.key))) throw new Error('another key');
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
  /** In force at the beginning. */
  readonly certificate: Certificate;
  readonly renew: (certificate: Certificate) => void;
  readonly logger: Logger;
  readonly everyMs: number;
  readonly signal: AbortSignal;
};

/**
 * Puts the files' certificate in force when it changes: looks now and then, and when the returned function is called. They are read, because the ways
 * by which file systems tell of changes miss those of mounted volumes and replaced links. Files that are not usable leave the one before in
 * force, and are written to the log once.
 */
export function watchCertificate(watch: CertificateWatch): () => Promise<void> {
  const { files, configDirectory, renew, logger, everyMs, signal } = watch;
  let inForce = watch.certificate;
  let lastFault = '';

  const look = async (): Promise<void> => {
    try {
      const found = await readCertificate(files, configDirectory);
      lastFault = '';
      if (found.cert === inForce.cert && found.key === inForce.key) return;
      renew(found);
      inForce = found;
      logger.info({ certFile: files.certFile }, 'certificate renewed');
    } catch (error) {
      const fault = error instanceof Error ? error.message : '';
      if (fault !== lastFault) logger.error({ error: errorFields(error) }, 'certificate not usable, the one before stays');
      lastFault = fault;
    }
  };

  const timer = setInterval(() => void look(), everyMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return look;
}
