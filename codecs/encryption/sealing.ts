// SPDX-License-Identifier: MIT
/**
 * Frames under the keys of one link. In front of each stand 5 clear bytes, authenticated with it: the phase of the key
 * (u8), and the low 32 bits of the frame's number (little-endian), which is its nonce; behind it a tag of 16.
 *
 * A link is ordered, so the next number is exactly the previous plus one and anything else closes it: there is no window
 * in which a replay could hide. Numbers never start again, also not under the next key.
 */
import type { Frame, LinkContext, Sink } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { type Aead, TAG_BYTES } from './aead.ts';
import { forget, rekey } from './noise.ts';

const HEADER_BYTES = 5;
const NUMBER = 1;
export const ROOM = [HEADER_BYTES, TAG_BYTES] as const;

/** Number 0 of each direction belongs to the handshake. */
const FIRST_NUMBER = 1;

/** When the sender goes on to the next key: whatever comes first. */
export interface RekeyLimits {
  readonly frames: number;
  readonly ms: number;
}

/** Of one direction. */
interface KeyState {
  key: Uint8Array;
  phase: number;
  /** Of the next frame. */
  number: number;
  /** The link has gone, and the key with it. */
  gone: boolean;
}

function keyState(link: LinkContext, direction: 'send' | 'receive'): KeyState {
  const { secrets, signal } = link;
  if (secrets === undefined) throw new ProxyError('M3_BUG', 'encryption: the link has had no handshake');
  const state: KeyState = { key: secrets[direction], phase: 0, number: FIRST_NUMBER, gone: false };
  const end = () => {
    state.gone = true;
    forget(state.key);
  };
  signal.addEventListener('abort', end, { once: true });
  return state;
}

const nextPhase = ({ phase }: KeyState): number => (phase + 1) & 0xff;

function turnTo(state: KeyState, key: Uint8Array): void {
  forget(state.key);
  state.key = key;
  state.phase = nextPhase(state);
}

export function sealer(next: Sink, link: LinkContext, aead: Aead, limits: RekeyLimits): Sink {
  const { clock, counters } = link;
  const state = keyState(link, 'send');
  let left = limits.frames;
  let since = clock.now();
  return (frame) => {
    if (state.gone) return frame.release();
    if (left === 0 || clock.now() - since >= limits.ms) {
      turnTo(state, rekey(state.key));
      left = limits.frames;
      since = clock.now();
      counters.add('rekeys');
    }
    left--;
    seal(frame, state, aead);
    next(frame);
  };
}

function seal(frame: Frame, state: KeyState, aead: Aead): void {
  const { buf, view, start, end } = frame;
  const header = start - HEADER_BYTES;
  view.setUint8(header, state.phase);
  view.setUint32(header + NUMBER, state.number >>> 0, true);
  aead.seal(state.key, buf, header, start, end, state.number++);
  frame.start = header;
  frame.end = end + TAG_BYTES;
}

/** Why a frame was refused: the counter is `refused_<reason>`. */
const WHY = {
  short: 'it is too short',
  replay: 'its number has been before',
  gap: 'frames before it are missing',
  phase: 'its key is neither the present nor the next',
  forged: 'it is not authentic',
} as const;
type Reason = keyof typeof WHY;

export function opener(next: Sink, link: LinkContext, aead: Aead): Sink {
  const state = keyState(link, 'receive');
  return (frame) => {
    const reason = state.gone ? undefined : open(frame, state, aead);
    if (reason === undefined && !state.gone) return next(frame);
    frame.release();
    if (reason === undefined) return;
    link.counters.add(`refused_${reason}`);
    link.fail(
      new ProxyError('M3_CORRUPT', `encryption: frame from node ${link.peer} refused: ${WHY[reason]}`),
    );
  };
}

/** Opens it in place. The receiver turns to the next key only when a frame has opened under it. */
function open(frame: Frame, state: KeyState, aead: Aead): Reason | undefined {
  const { buf, view, start } = frame;
  const end = frame.end - TAG_BYTES;
  const range = start + HEADER_BYTES;
  if (end < range) return 'short';
  const ahead = (view.getUint32(start + NUMBER, true) - state.number) | 0;
  if (ahead !== 0) return ahead < 0 ? 'replay' : 'gap';
  const phase = view.getUint8(start);
  const turns = phase === nextPhase(state);
  if (!turns && phase !== state.phase) return 'phase';
  const key = turns ? rekey(state.key) : state.key;
  if (!aead.open(key, buf, start, range, end, state.number)) return 'forged';
  if (turns) turnTo(state, key);
  state.number++;
  frame.start = range;
  frame.end = end;
  return undefined;
}
