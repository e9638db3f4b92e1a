// SPDX-License-Identifier: MIT
/** The 64 bytes that endpoints send each other: source, type, and a body of 56 bytes that is theirs. */
import { NOTIFY_MESSAGE } from './abi.ts';

export const MESSAGE_BYTES = 64;
export const BODY_BYTES = 56;
const BODY = MESSAGE_BYTES - BODY_BYTES;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * A message. Offsets are bytes from the start of the body, numbers are little-endian, setters return the message.
 * A field that does not fit the body throws a RangeError.
 */
export class Message {
  /** All 64 bytes: what crosses the core. */
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor() {
    const buffer = new ArrayBuffer(MESSAGE_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  /** A message of a type, whose body starts with the given bytes or UTF-8 text. */
  static of(type: number, body?: Uint8Array | string): Message {
    const message = new Message();
    message.type = type;
    if (typeof body === 'string') return message.setString(0, body);
    return body === undefined ? message : message.setBytes(0, body);
  }

  /** Endpoint of the sender; the core sets it. */
  get source(): number {
    return this.#view.getInt32(0, true);
  }

  get type(): number {
    return this.#view.getInt32(4, true);
  }

  set type(value: number) {
    this.#view.setInt32(4, value, true);
  }

  /** Whether this is what `notify` of its source delivers. */
  get isNotification(): boolean {
    return this.type === (NOTIFY_MESSAGE | this.source);
  }

  /** Of a notification: bit n is set if `notifyValue` was called with n since the one before. */
  get notifiedValues(): bigint {
    return this.getU64(8);
  }

  getI32(at: number): number {
    return this.#view.getInt32(place(at, 4), true);
  }

  setI32(at: number, value: number): this {
    this.#view.setInt32(place(at, 4), value, true);
    return this;
  }

  getU32(at: number): number {
    return this.#view.getUint32(place(at, 4), true);
  }

  setU32(at: number, value: number): this {
    this.#view.setUint32(place(at, 4), value, true);
    return this;
  }

  getU64(at: number): bigint {
    return this.#view.getBigUint64(place(at, 8), true);
  }

  setU64(at: number, value: bigint): this {
    this.#view.setBigUint64(place(at, 8), value, true);
    return this;
  }

  getF64(at: number): number {
    return this.#view.getFloat64(place(at, 8), true);
  }

  setF64(at: number, value: number): this {
    this.#view.setFloat64(place(at, 8), value, true);
    return this;
  }

  /** A view: it changes with the message. */
  getBytes(at: number, length: number = BODY_BYTES - at): Uint8Array {
    const start = place(at, length);
    return this.bytes.subarray(start, start + length);
  }

  setBytes(at: number, value: Uint8Array): this {
    this.bytes.set(value, place(at, value.length));
    return this;
  }

  /** UTF-8 up to the first NUL, at most `maxBytes`. */
  getString(at: number, maxBytes: number = BODY_BYTES - at): string {
    const field = this.getBytes(at, maxBytes);
    const end = field.indexOf(0);
    return decoder.decode(end < 0 ? field : field.subarray(0, end));
  }

  /** UTF-8, and a NUL if there is room behind it. */
  setString(at: number, value: string): this {
    const text = encoder.encode(value);
    this.setBytes(at, text);
    if (at + text.length < BODY_BYTES) this.bytes[BODY + at + text.length] = 0;
    return this;
  }

  /** Copies everything of another message into this one. */
  copyFrom(other: Message): this {
    this.bytes.set(other.bytes);
    return this;
  }
}

function place(at: number, length: number): number {
  if (!(at >= 0 && length >= 0 && at + length <= BODY_BYTES)) {
    throw new RangeError(
      `${length} bytes at offset ${at} are outside a message's body of ${BODY_BYTES} bytes`,
    );
  }
  return BODY + at;
}
