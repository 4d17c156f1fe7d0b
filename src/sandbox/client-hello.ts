/** What the first bytes that a client sends through a tunnel turn out to be. */
export type FirstBytes =
  | { kind: 'incomplete' }
  | { kind: 'not-tls' }
  /** It began like TLS and is not well formed. */
  | { kind: 'malformed' }
  | {
      kind: 'client-hello';
      /** As spelled; null where it names none. */
      serverName: string | null;
      /** It carries an encrypted ClientHello, whose name nobody on the way can read. */
      hidesName: boolean;
    };

/** Longest ClientHello, all records together. */
const MAX_HELLO_BYTES = 64 * 1024;
/** One or two in truth. */
const MAX_RECORDS = 64;
const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;

/** Reads which host a TLS client asks for (RFC 8446, 4.1.2; RFC 6066, 3), from one or more records. */
export function readFirstBytes(bytes: Buffer): FirstBytes {
  if (bytes.length === 0) return { kind: 'incomplete' };
  if (bytes[0] !== HANDSHAKE_RECORD) return { kind: 'not-tls' };
  const handshake = handshakeOf(bytes);
  if (handshake === null) return { kind: 'malformed' };
  const incomplete: FirstBytes = { kind: bytes.length > 2 * MAX_HELLO_BYTES ? 'malformed' : 'incomplete' };
  if (handshake.length < 4) return incomplete;
  if (handshake[0] !== CLIENT_HELLO) return { kind: 'malformed' };
  const length = handshake.readUIntBE(1, 3);
  if (length > MAX_HELLO_BYTES) return { kind: 'malformed' };
  if (handshake.length < 4 + length) return incomplete;
  try {
    return hello(handshake.subarray(4, 4 + length));
  } catch {
    return { kind: 'malformed' };
  }
}

/** The handshake bytes of the records that are there, the last one perhaps cut off; null where they are no records. */
function handshakeOf(bytes: Buffer): Buffer | null {
  const fragments: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    // What follows a whole hello is not looked at.
    if (bytes[at] !== HANDSHAKE_RECORD || bytes.length < at + 5) break;
    const length = bytes.readUInt16BE(at + 3);
    if (bytes[at + 1] !== 3 || length === 0 || length > 16_384 || fragments.length === MAX_RECORDS)
      return null;
    fragments.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return Buffer.concat(fragments);
}

function hello(body: Buffer): FirstBytes {
  const reader = new Reader(body);
  reader.take(2 + 32);
  reader.vector(1);
  reader.vector(2);
  reader.vector(1);
  let serverName: string | null = null;
  let hidesName = false;
  const extensions = new Reader(reader.isAtEnd ? Buffer.alloc(0) : reader.vector(2));
  while (!extensions.isAtEnd) {
    const type = extensions.number(2);
    const data = extensions.vector(2);
    if (type === ENCRYPTED_CLIENT_HELLO) hidesName = true;
    // Twice the same extension is forbidden, and which of them counts would be the server's guess.
    if (type === SERVER_NAME && serverName !== null) return { kind: 'malformed' };
    if (type === SERVER_NAME) serverName = onlyName(data);
  }
  return reader.isAtEnd ? { kind: 'client-hello', serverName, hidesName } : { kind: 'malformed' };
}

function onlyName(data: Buffer): string {
  const extension = new Reader(data);
  const list = new Reader(extension.vector(2));
  const type = list.number(1);
  const name = list.vector(2).toString('latin1');
  if (type !== 0 || !list.isAtEnd || !extension.isAtEnd) throw new RangeError('not one host name');
  return name;
}

/** Reads what TLS calls vectors. @throws RangeError past the end */
class Reader {
  private at = 0;
  constructor(private readonly bytes: Buffer) {}

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  take(length: number): Buffer {
    if (this.at + length > this.bytes.length) throw new RangeError('cut off');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  number(size: number): number {
    return this.take(size).readUIntBE(0, size);
  }

  vector(sizeOfLength: number): Buffer {
    return this.take(this.number(sizeOfLength));
  }
}
