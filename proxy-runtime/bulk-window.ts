// SPDX-License-Identifier: MIT
/**
 * How much copy data may be on its way to the peer: twice what the link holds, that is the highest rate at which copies have
 * been accepted times the shortest time in which a frame was (build decision 8). More would only wait in buffers on the
 * way, and every small message behind it. The estimates are BBR's (draft-ietf-ccwg-bbr); unlike there nothing is paced.
 *
 * Copies that fill the window find their own frames in front of them, so the shortest time would grow with the window and
 * the window with it. Therefore nothing more leaves now and then until all has been accepted: the next frame has the way to
 * itself.
 */
import type { Clock } from './contract.ts';
import { WIRE_FRAME_BYTES } from './contract.ts';

/** Of a copy in one frame: whole; or half, where a whole one is on the wire for longer than the time. */
const WHOLE_BYTES = 65_536;
const HALF_BYTES = WHOLE_BYTES / 2;
const WHOLE_MS = 0.6;
/** How long copies are under way for it to be judged anew. */
const JUDGED_MS = 50;
/** What a frame has beside its chunk. */
const BESIDE_BYTES = WIRE_FRAME_BYTES - WHOLE_BYTES;
/**
 * Whatever the estimates say: one frame on the wire, and the next behind it; or up to four, where all of them take no longer
 * than two on a slower wire. There a frame takes less than who accepts it takes to be woken.
 */
const LEAST_FRAMES = 2;
const LEAST_WHERE_FAST = 4;
/** A rate counts for one to two of these, a shortest time for as many of the longer ones. */
const RATE_MS = 500;
const SHORTEST_MS = 10_000;
/**
 * A frame finds the way empty at least so often; where it is long under way in multiples of that time, so that waiting for it
 * costs a hundredth. Of those in the time for which the shortest counts one is not held up by a busy machine.
 */
const EMPTY_MS = 500;
const EMPTY_TIMES = 200;

/** A frame of copy data that has not been accepted. */
interface Sent {
  /** Number of its last record. */
  readonly last: number;
  readonly bytes: number;
  readonly atMs: number;
  /** What had been accepted by then, when the last of it was, and when that had been sent. */
  readonly accepted: number;
  readonly acceptedAtMs: number;
  readonly acceptedSentAtMs: number;
}

export interface BulkWindow {
  /** Of a copy that the next frame may have; two such frames at least are under way. */
  readonly chunkBytes: number;
  /** Another whole frame of copy data may leave. */
  readonly isOpen: boolean;
  /** A frame has left whose last record has that number. */
  sent(dc: number, last: number, bytes: number): void;
  /** The peer has accepted all records of the DC below that number. */
  accepted(dc: number, below: number): void;
  /** A life of the DC has ended, here or at the peer: what is under way of it is never accepted. */
  ended(dc: number): void;
}

export function createBulkWindow(clock: Clock): BulkWindow {
  const underWay = new Map<number, Sent[]>();
  const rate = best(Math.max, 0, RATE_MS);
  const shortest = best(Math.min, Number.POSITIVE_INFINITY, SHORTEST_MS);
  let inFlight = 0;
  let accepted = 0;
  let acceptedAtMs = clock.now();
  let acceptedSentAtMs = acceptedAtMs;
  let chunkBytes = WHOLE_BYTES;
  let least = LEAST_FRAMES;
  /** Since it was judged last: accepted, while something was under way. */
  let busy = { bytes: 0, ms: 0, sinceMs: acceptedAtMs };
  let limit = LEAST_FRAMES * WIRE_FRAME_BYTES;
  let emptyAtMs = acceptedAtMs;

  function arrived(frame: Sent, now: number): void {
    inFlight -= frame.bytes;
    accepted += frame.bytes;
    acceptedAtMs = now;
    acceptedSentAtMs = frame.atMs;
    busy.bytes += frame.bytes;
    shortest.add(now - frame.atMs, now);
    // What was accepted late and at once has not arrived faster than it was sent.
    const ms = Math.max(now - frame.acceptedAtMs, frame.atMs - frame.acceptedSentAtMs);
    if (ms > 0) rate.add((accepted - frame.accepted) / ms, now);
  }

  function estimate(now: number): void {
    busy.ms += now - busy.sinceMs;
    busy.sinceMs = now;
    if (busy.ms >= JUDGED_MS) {
      const wholeFrames = ((busy.bytes / busy.ms) * WHOLE_MS) / WHOLE_BYTES;
      chunkBytes = wholeFrames < 1 ? HALF_BYTES : WHOLE_BYTES;
      least = Math.min(LEAST_WHERE_FAST, LEAST_FRAMES * Math.max(1, Math.floor(wholeFrames)));
      busy = { bytes: 0, ms: 0, sinceMs: now };
    }
    const frameBytes = chunkBytes + BESIDE_BYTES;
    // The time that a frame itself is on the wire is in the shortest time, and does not count twice.
    limit = Math.max(least * frameBytes, 2 * rate.value * shortest.value - frameBytes);
  }

  return {
    get chunkBytes() {
      return chunkBytes;
    },
    get isOpen() {
      const frameBytes = chunkBytes + BESIDE_BYTES;
      return inFlight === 0 || (inFlight + frameBytes <= limit && clock.now() < emptyAtMs);
    },
    sent(dc, last, bytes) {
      const frames = underWay.get(dc) ?? [];
      const atMs = clock.now();
      if (inFlight === 0) {
        busy.sinceMs = atMs;
        // Of a time in which nothing was under way no rate follows.
        [acceptedAtMs, acceptedSentAtMs] = [atMs, atMs];
        const again = Number.isFinite(shortest.value) ? EMPTY_TIMES * shortest.value : 0;
        // Before the last shortest time stops to count.
        emptyAtMs = atMs + Math.min(SHORTEST_MS, Math.max(EMPTY_MS, again));
      }
      frames.push({ last, bytes, atMs, accepted, acceptedAtMs, acceptedSentAtMs });
      underWay.set(dc, frames);
      inFlight += bytes;
    },
    accepted(dc, below) {
      const frames = underWay.get(dc);
      if (frames === undefined || (frames[0]?.last ?? below) >= below) return;
      const now = clock.now();
      for (let first = frames[0]; first !== undefined && first.last < below; first = frames[0]) {
        frames.shift();
        arrived(first, now);
      }
      estimate(now);
    },
    ended(dc) {
      for (const { bytes } of underWay.get(dc) ?? []) inFlight -= bytes;
      underWay.delete(dc);
    },
  };
}

interface Best {
  readonly value: number;
  add(sample: number, now: number): void;
}

/** The best sample of the present period and the one before. */
function best(choose: (a: number, b: number) => number, worst: number, periodMs: number): Best {
  let [former, present] = [worst, worst];
  let endsAt = 0;
  return {
    get value() {
      return choose(former, present);
    },
    add(sample, now) {
      if (now >= endsAt) {
        former = now < endsAt + periodMs ? present : worst;
        present = worst;
        endsAt = now + periodMs;
      }
      present = choose(present, sample);
    },
  };
}
