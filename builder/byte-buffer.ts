/** Bytes that grow at their end, on memory that threads can share. `bytes` may be replaced by `reserve`: read it again afterwards. */
export type ByteBuffer = {
  bytes: Buffer;
  length: number;
};

export function createByteBuffer(capacityBytes: number): ByteBuffer {
  return { bytes: sharedBytes(capacityBytes), length: 0 };
}

export function sharedBytes(sizeBytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(sizeBytes)) as unknown as Buffer;
}

/** Makes room for `sizeBytes` more. */
export function reserve(buffer: ByteBuffer, sizeBytes: number): void {
  const needed = buffer.length + sizeBytes;
  if (needed <= buffer.bytes.length) return;
  const larger = sharedBytes(Math.max(needed, buffer.bytes.length * 2));
  buffer.bytes.copy(larger, 0, 0, buffer.length);
  buffer.bytes = larger;
}

export function appendBytes(buffer: ByteBuffer, bytes: Uint8Array): void {
  reserve(buffer, bytes.length);
  buffer.bytes.set(bytes, buffer.length);
  buffer.length += bytes.length;
}

export function appendByte(buffer: ByteBuffer, byte: number): void {
  reserve(buffer, 1);
  buffer.bytes[buffer.length] = byte;
  buffer.length += 1;
}
