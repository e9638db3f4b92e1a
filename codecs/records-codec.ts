// SPDX-License-Identifier: MIT
/** What records codecs with options have in common: they look at each frame, in place, and the options may change. */
import type { Codec, Frame, LinkContext, Sink } from '../proxy-runtime/contract.ts';
import type { Direction } from './match.ts';

/** Looks at a frame, and may refuse records of it. */
export type Look = (frame: Frame) => void;

/**
 * A codec that adds nothing to a frame.
 * @param read makes options of what a configuration says, or throws.
 * @param looker called once for each link and direction, and again, with the next frame, when the options have changed.
 */
export function recordsCodec<O>(
  id: string,
  read: (options: Readonly<Record<string, unknown>>) => O,
  given: Readonly<Record<string, unknown>>,
  looker: (options: O, link: LinkContext, way: Direction) => Look,
): Codec {
  let options = read(given);
  const sink = (way: Direction) => (next: Sink, link: LinkContext) => {
    let adopted = options;
    let look = looker(options, link, way);
    return (frame: Frame) => {
      if (adopted !== options) {
        adopted = options;
        look = looker(options, link, way);
      }
      look(frame);
      next(frame);
    };
  };
  return {
    id,
    level: 'records',
    room: [0, 0],
    encode: sink('out'),
    decode: sink('in'),
    reconfigure(other) {
      options = read(other);
    },
  };
}
