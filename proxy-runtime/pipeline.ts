// SPDX-License-Identifier: MIT
/**
 * The codecs of a link: checked once, when a configuration or a proxy is made; composed once per link.
 *
 * On the way to the wire a frame passes the codecs from left to right, on the way back from right to left. The session
 * sits between the two levels (build decision 1), so each direction comes in two halves:
 *
 *     pump -> encodeRecords -> session -> encodeBytes -> link
 *     pump <- decodeRecords <- session <- decodeBytes <- link
 */
import { type Codec, type LinkContext, ROOM_BYTES, type Sink } from './contract.ts';
import { ProxyError } from './errors.ts';
import type { StageCosts, Way } from './stage-costs.ts';

/** Each is called once per link. With no codec of its level it returns `next` itself. */
export interface Pipeline {
  encodeRecords(next: Sink): Sink;
  encodeBytes(next: Sink): Sink;
  decodeBytes(next: Sink): Sink;
  decodeRecords(next: Sink): Sink;
}

/**
 * Throws M3_CONFIG, naming the codecs, unless they can work together on a transport that puts `framing` bytes in front.
 * @param codecs in the order of the configuration: from the core to the wire.
 */
export function checkPipeline(codecs: readonly Codec[], framing: number): void {
  checkShapes(codecs);
  checkIds(codecs);
  checkLevels(codecs);
  checkRoom(codecs, framing);
  checkHandshakes(codecs);
  checkSchedules(codecs);
}

/**
 * Builds what one link needs. The codecs must have passed {@link checkPipeline}.
 * @param contextOf what each codec sees; a caller may give each one its own logger and counters.
 * @param costs where it is kept what each codec takes.
 */
export function composePipeline(
  codecs: readonly Codec[],
  link: LinkContext,
  contextOf: (codec: Codec) => LinkContext = () => link,
  costs?: StageCosts,
): Pipeline {
  const stages = codecs.map((codec) => ({ codec, context: contextOf(codec) }));
  const records = stages.filter(({ codec }) => codec.level === 'records');
  const bytes = stages.filter(({ codec }) => codec.level === 'bytes');
  return {
    encodeRecords: (next) => half(records, 'out', next, costs),
    encodeBytes: (next) => half(bytes, 'out', next, costs),
    decodeBytes: (next) => half(bytes, 'in', next, costs),
    decodeRecords: (next) => half(records, 'in', next, costs),
  };
}

interface Stage {
  readonly codec: Codec;
  readonly context: LinkContext;
}

/** The stages of one level in one direction, each timed now and then if somebody wants to know. */
function half(stages: readonly Stage[], way: Way, next: Sink, costs: StageCosts | undefined): Sink {
  if (stages.length === 0) return next;
  const watch = costs?.stopwatch(way);
  const before = (inner: Sink, { codec, context }: Stage): Sink => {
    const sink =
      way === 'out'
        ? sinkOf(codec, 'encode', codec.encode(inner, context))
        : sinkOf(codec, 'decode', codec.decode(inner, context));
    return watch?.stage(codec.id, sink) ?? sink;
  };
  const end = watch?.end(next) ?? next;
  const first = way === 'out' ? stages.reduceRight(before, end) : stages.reduce(before, end);
  return watch?.begin(first) ?? first;
}

/** A forgotten `return` is found when the link is made, not with the first frame. */
function sinkOf(codec: Codec, direction: 'encode' | 'decode', sink: unknown): Sink {
  if (typeof sink === 'function') return sink as Sink;
  throw new ProxyError('M3_BUG', `codec "${codec.id}": ${direction} returned ${typeof sink}, not a function`);
}

/** No codec of the link brings a handshake: the peer proves nothing, and whoever carries the frames can read them. */
export function isPlaintext(codecs: readonly Codec[]): boolean {
  return codecs.every(({ handshake }) => handshake === undefined);
}

/** Codecs may come from outside authors' JavaScript, where no compiler has looked at them. */
function checkShapes(codecs: readonly Codec[]): void {
  for (const [at, codec] of codecs.entries()) {
    const { id, level, room, encode, decode } = codec;
    const wrong = (what: string) => new ProxyError('M3_CONFIG', `codec ${at + 1} ("${id}"): ${what}`);
    if (typeof id !== 'string' || id === '') throw wrong('`id` must be a name');
    if (level !== 'records' && level !== 'bytes') throw wrong("`level` must be 'records' or 'bytes'");
    if (!Array.isArray(room) || room.length !== 2 || !room.every(isRoom)) {
      throw wrong('`room` must be two whole numbers of bytes: [head, tail]');
    }
    if (typeof encode !== 'function' || typeof decode !== 'function') {
      throw wrong('`encode` and `decode` must be functions');
    }
  }
}

function isRoom(bytes: unknown): boolean {
  return Number.isInteger(bytes) && (bytes as number) >= 0;
}

function checkIds(codecs: readonly Codec[]): void {
  const seen = new Set<string>();
  for (const { id } of codecs) {
    if (seen.has(id)) throw new ProxyError('M3_CONFIG', `codec "${id}" stands in the list twice`);
    seen.add(id);
  }
}

function checkLevels(codecs: readonly Codec[]): void {
  let bytes: Codec | undefined;
  for (const codec of codecs) {
    if (codec.level === 'bytes') bytes ??= codec;
    else if (bytes !== undefined) {
      throw new ProxyError(
        'M3_CONFIG',
        `codec "${codec.id}" reads records and must stand before "${bytes.id}", which changes the bytes`,
      );
    }
  }
}

function checkRoom(codecs: readonly Codec[], framing: number): void {
  if (!isRoom(framing)) throw new ProxyError('M3_CONFIG', `framing is ${framing}, not a number of bytes`);
  const total = codecs.reduce((sum, { room: [head, tail] }) => sum + head + tail, framing);
  if (total <= ROOM_BYTES) return;
  const rooms = codecs.map(({ id, room: [head, tail] }) => `"${id}" ${head} + ${tail}`);
  throw new ProxyError(
    'M3_CONFIG',
    `the codecs need ${total} bytes of room and ${ROOM_BYTES} is all there is: ${rooms.join(', ')} (head + tail), framing ${framing}`,
  );
}

function checkHandshakes(codecs: readonly Codec[]): void {
  checkOne(codecs, ({ handshake }) => handshake !== undefined, 'both bring a handshake; a link can have one');
}

function checkSchedules(codecs: readonly Codec[]): void {
  checkOne(codecs, ({ schedule }) => schedule !== undefined, 'both choose what is sent next; one can');
}

function checkOne(codecs: readonly Codec[], has: (codec: Codec) => boolean, why: string): void {
  const [first, second] = codecs.filter(has);
  if (first === undefined || second === undefined) return;
  throw new ProxyError('M3_CONFIG', `codecs "${first.id}" and "${second.id}" ${why}`);
}
