// SPDX-License-Identifier: MIT
/**
 * Everything that the author of a transport, a codec or a custom proxy needs to know.
 *
 * The ownership law: a {@link Frame} belongs to exactly one holder. Passing it to a {@link Sink} or to
 * {@link Link.send} hands it over, in that call, for good. The holder passes it on or calls `release()`, exactly
 * once, also on every error path. Nothing here is called concurrently with itself, and nothing on the data path may
 * throw, return a promise, or allocate for each record.
 */
import type { Logger } from 'pino';
import type { Handshake, HandshakeContext, LinkSecrets } from './contract-handshake.ts';

export type * from './contract-handshake.ts';

/** The four lanes of a link (`abi.h`, protocol rule 1). A frame holds records of one lane. */
export const LANE = { control: 0, urgent: 1, normal: 2, bulk: 3 } as const;
export type Lane = (typeof LANE)[keyof typeof LANE];
export const LANES = 4;

/** Largest range of a frame before any codec has run: one 64 KiB chunk, its record header, the frame header. */
export const FRAME_BYTES = 65_792;
/** All the room that the codecs of one pipeline and the transport's framing may ask for, head and tail together. */
export const ROOM_BYTES = 208;
/** Largest range that ever reaches {@link Link.send} or crosses a wire. */
export const WIRE_FRAME_BYTES = FRAME_BYTES + ROOM_BYTES;
/** The frame header at the start of every range; records begin behind it. Only the core and the session read it. */
export const FRAME_HEADER_BYTES = 128;

/**
 * Pooled bytes with room before and behind. `buf[start, end)` is the frame's range. A codec may move `start` down by
 * its head room and `end` up by its tail room; it must not touch a byte outside what it declared.
 * `dc` and `lane` are valid on the sending side before the bytes codecs and on the receiving side after them.
 */
export interface Frame {
  readonly buf: Uint8Array;
  /** A view over all of `buf`, made once per slab, for little-endian header fields. */
  readonly view: DataView;
  start: number;
  end: number;
  dc: number;
  lane: Lane;
  /** Gives the slab back. The frame must not be touched afterwards. A second call throws M3_BUG. */
  release(): void;
}

/** Takes over a frame. Synchronous; never throws. */
export type Sink = (frame: Frame) => void;

/** Where slabs come from. One per runtime, with a limit, shared by all links (build decision 6). */
export interface FramePool {
  /** A frame whose range is empty and begins behind {@link ROOM_BYTES} of head room; undefined when all are in use. */
  acquire(): Frame | undefined;
  /** Calls `again` once, in a later turn, when a slab has been given back after {@link acquire} returned undefined. */
  whenAvailable(again: () => void): void;
  readonly slabs: number;
  readonly inUse: number;
}

/** Time, injected so that a simulation can own it (build decision 19). All in milliseconds. */
export interface Clock {
  /** Monotonic. */
  now(): number;
  /** Calls back once; the returned function cancels. A pending timer does not keep the process alive if `unref`. */
  after(ms: number, callback: () => void, unref?: boolean): () => void;
  /** Calls back once the present turn of the event loop has been served. */
  soon(callback: () => void): void;
}

/** Chance, injected likewise: a number in [0, 1). */
export type Random = () => number;

/** A counter that a plug-in owns; names are `snake_case`, units in the name (`bytes_in`). */
export interface Counters {
  add(name: string, amount?: number): void;
  set(name: string, value: number): void;
}

/** What a transport gets: shared by all its links. */
export interface TransportContext {
  readonly pool: FramePool;
  readonly log: Logger;
  readonly clock: Clock;
  readonly counters: Counters;
}

/** What a codec gets, once per link. The logger names the peer and {@link Link.remote} in each line already. */
export interface LinkContext extends TransportContext {
  /** Node ids of this side and of the peer. */
  readonly node: number;
  readonly peer: number;
  readonly random: Random;
  /** What the handshake of this link agreed on; absent where none of its codecs brings one. */
  readonly secrets?: LinkSecrets | undefined;
  /** Aborted when the link is gone: stop timers, drop what is held. */
  readonly signal: AbortSignal;
  /** The data path's way to report an error: the link closes, is counted, and is dialled again. Release the frame first. */
  fail(error: Error): void;
}

/**
 * A codec: two functions, frame in, frame out. Each is called once per link with the next sink and returns its own, so
 * state lives in the closure. `records` codecs read record headers in place and may call `refuse()` on a record; they
 * never add, remove or reorder one. `bytes` codecs treat the range as opaque. A records codec stands before every
 * bytes codec.
 */
export interface Codec {
  /** Registry key, config name, and what the hello compares: both nodes name the same ids in the same order. */
  readonly id: string;
  readonly level: 'records' | 'bytes';
  /** Bytes that encode may add before the range, and behind it. */
  readonly room: readonly [head: number, tail: number];
  /** Called on the way to the wire. */
  encode(next: Sink, link: LinkContext): Sink;
  /** Called on the way from the wire. Must survive any bytes: report by `link.fail`, release, never throw. */
  decode(next: Sink, link: LinkContext): Sink;
  /**
   * Goes on with other options, on links that exist too, from the next frame on. Throws as the factory does, and then
   * nothing has changed. Without it other options need a new link.
   */
  reconfigure?(options: Readonly<Record<string, unknown>>): void;
  /**
   * At most one codec of a pipeline has it; called once for each proxy, whose links follow each other. It chooses what is
   * taken from the core next, in place of the default order (build decision 4).
   */
  schedule?(context: ScheduleContext): Schedule;
  /** Endpoints whose records take the urgent lane. `m3ipc up` loads those of all links (`NodeCore.setLanes`). */
  urgent?(): readonly UrgentRange[];
  /**
   * At most one codec of a pipeline has it. Runs before any frame is coded (build decision 3). Throws M3_CONFIG, at once,
   * for keys with which it can never succeed.
   */
  handshake?(link: HandshakeContext): Handshake;
}

/** What a schedule gets: shared with the codec's links. */
export type ScheduleContext = Pick<LinkContext, 'clock' | 'counters'>;

/** Asked before each take. Synchronous; keeps nothing of what it is given. */
export interface Schedule {
  /** Index of the queue to take from among the first `count` entries (dc << 8 | lane); -1: from none of them now. */
  next(queues: Uint32Array, count: number): number;
  /** That much has been taken from the queue, frame header included. */
  served(queue: number, bytes: number, records: number): void;
  /** Behind a `next`: ms until a queue that it left out may be taken from; Infinity if it left out none. */
  waitMs(): number;
}

/** Endpoints `first` to `last` of a DC. */
export interface UrgentRange {
  readonly dc: number;
  readonly first: number;
  readonly last: number;
}

/** Makes a codec from its options in the configuration; throws ProxyError M3_CONFIG for options it does not know. */
export type CodecFactory = (options: Readonly<Record<string, unknown>>) => Codec;

/** A live, ordered, frame-preserving path to one peer node. It may die at any moment. */
export interface Link {
  /** Where it leads, for logs and status. */
  readonly remote: string;
  /**
   * Takes the frame, always. Range: 1 to {@link WIRE_FRAME_BYTES} bytes. False: stop sending until `drain()`; frames
   * given before it are kept in order all the same. After close the frame is only released. Never calls back into
   * the caller before it returns.
   */
  send(frame: Frame): boolean;
  /** Stop (true) or go on (false) with delivering received frames; what the kernel buffers is then the peer's limit. */
  pause(paused: boolean): void;
  /** Flushes what was sent, closes, resolves when `closed` has been called. Idempotent. */
  close(): Promise<void>;
  /** Closes at once, without flushing. */
  destroy(error?: Error): void;
}

/** What the owner of a link wants to be told. Synchronous, never from inside `send`. */
export interface LinkEvents {
  /** A whole frame, in a pooled slab. Ownership moves. */
  frame: Sink;
  /** `send` may go on. */
  drain(): void;
  /** Once, and last. Without an error the peer, or this side, closed in order. */
  closed(error?: Error): void;
}

/** Called for each new link, before its first frame is delivered. */
export type Attach = (link: Link) => LinkEvents;

export interface Listener {
  /** The address really used: port 0 is replaced. */
  readonly url: string;
  /** Stops listening; links that exist go on. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes links. The only promises of a transport are listen, dial and close. Node's errno is translated once, here, to
 * a ProxyError (M3_ADDR_IN_USE, M3_REFUSED, M3_TIMEOUT, M3_UNAVAILABLE, else M3_LINK_LOST) whose `cause` is the original.
 */
export interface Transport {
  /** Scheme of its URLs = folder name = registry key. */
  readonly scheme: string;
  /** No real medium carries its frames: whoever prints a figure of it says "simulated". */
  readonly simulated?: boolean;
  /** Bytes it puts before the range it is given, in the frame's head room. */
  readonly framing: number;
  /** Why this machine cannot run it, in words, and what to do; undefined if it can. */
  missing(): string | undefined;
  /** A fresh address that tests and benches may listen on. */
  loopback(): string;
  /** Throws M3_CONFIG, naming what is wrong, for a URL that it cannot use. */
  check(url: URL): void;
  listen(url: URL, attach: Attach, context: TransportContext): Promise<Listener>;
  dial(url: URL, attach: Attach, context: TransportContext, signal: AbortSignal): Promise<Link>;
  /**
   * Where the medium itself knows who listens: calls back, in a later turn, whenever somebody begins to at that address, and
   * once if somebody does already. Whoever waits to dial again then dials at once. Never throws: where it cannot be known
   * nobody is called.
   */
  presence?(url: URL, appeared: () => void): Presence;
}

/** Until it is closed. Idempotent. */
export interface Presence {
  close(): void;
}

/**
 * The port to the IPC core of this node (build decision 5). Every call is synchronous and short. Errors are
 * CoreErrors (`proxy-runtime/errors.ts`).
 */
export interface Core {
  /** This node's id and the cluster's name, from the core. */
  readonly node: number;
  readonly cluster: string;
  /** This start of the node's core. */
  readonly incarnation: bigint;
  /** Becomes the proxy of a peer node. Fences an older holder, whose calls then fail with EPROXYRUN. */
  attach(peer: number): CorePeer;
}

/** Of calls of which nothing has left: nobody waits for a link, or the peer is taken for dead. */
export type GivenUp = 'ENOTCONN' | 'ENODEDOWN';

/** The core's side of one peer, held by one proxy. */
export interface CorePeer {
  readonly peer: number;
  /** DCs that span this node and the peer. */
  dcs(): number[];
  /** Writes struct m3_dc_open of a DC behind the frame's header room; sets range, dc and lane. Takes no ownership. */
  open(dc: number, frame: Frame): void;
  /**
   * Takes the peer's struct m3_dc_open; the frame stays the caller's. Idempotent. Completes calls that a lost
   * incarnation can never answer, frees what the peer has, and sets the send cursor to what it expects. Throws EPROTO,
   * EDCNOTRUN, ENODCNODE, EBADVALUE.
   */
  opened(frame: Frame): void;
  /** No link any more: nothing of a DC is taken until its next `opened`. */
  disconnected(): void;
  /**
   * Out of reach: calls to the peer end with that code, or EUNKNOWN where something of them had left, and new ones are
   * refused, until the next `opened` or `attach`. DCs that are open are left alone.
   */
  giveUp(code: GivenUp): void;
  /**
   * From now on `take` cuts copies into chunks of at most so many bytes, one in a frame; whole ones, of 64 KiB, at first.
   * Throws EBADVALUE: not a multiple of 8 up to that.
   */
  chunk(bytes: number): void;
  /**
   * Writes the queues that `take` could serve now, one entry (dc << 8 | lane) each, in the order in which they became
   * ready; returns how many were written. While there is one {@link onReady} tells of nothing new, unless `resting`: this
   * proxy takes from none of them for now.
   */
  queues(out: Uint32Array, resting?: boolean): number;
  /**
   * Fills the frame with the header and every pending record of the queue that fits, replayed ones first; sets range,
   * dc and lane. Returns the number of records; 0 leaves the frame untouched, and `ready` runs for what comes next.
   */
  take(dc: number, lane: Lane, frame: Frame): number;
  /** Fills the frame with acknowledgements and grants alone if any are owed; false leaves it untouched. */
  acknowledge(dc: number, frame: Frame): boolean;
  /**
   * Hands a received DATA frame to the core and releases it, also when it throws. Each record is checked, delivered,
   * answered with an error record, or dropped and counted by reason. Returns how many records were accepted. Throws
   * EPROTO when the frame itself breaks the protocol (bad length, gap, number beyond the grant): the link must be closed.
   */
  put(frame: Frame): number;
  /** `ready` runs, in a later turn, when a queue that was empty has something to take. One edge per drain. */
  onReady(ready: () => void): void;
  /** Gives up the peer; a newer holder is not disturbed. */
  detach(): void;
}
