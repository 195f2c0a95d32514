import { createECDH, createPrivateKey } from 'node:crypto';

/** A P-256 key pair made from 32 bytes, in the forms UnifiedPush Server stores. */
export interface KeyPair {
  /** PKCS#8 PEM, as in an Apple `.p8` file. */
  readonly privatePem: string;
  /** The private scalar, base64url, as web push (VAPID) tools print it. */
  readonly privateBase64Url: string;
  /** The uncompressed public point, base64url. */
  readonly publicBase64Url: string;
}

/**
 * Deterministic, therefore worthless as a secret: for the sample only.
 *
 * @param bytes 32 bytes, not all zero and below the order of P-256, which random ones are but once in 2³²
 */
export const keyPairOf = (bytes: Buffer): KeyPair => {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(bytes);
  const point = ecdh.getPublicKey();
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: bytes.toString('base64url'),
    x: point.toString('base64url', 1, 33),
    y: point.toString('base64url', 33, 65),
  };
  return {
    privatePem: createPrivateKey({ key: jwk, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' }).toString(),
    privateBase64Url: jwk.d,
    publicBase64Url: point.toString('base64url'),
  };
};
