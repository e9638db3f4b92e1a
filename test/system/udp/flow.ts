// SPDX-License-Identifier: MIT
/**
 * One end of links over UDP that carry as much as they can.
 *
 *     node flow.js listen <url> <flows> <warm-up ms> <ms>   prints the URL; once so many links are there, what each delivered
 *                                                           in that time, in bytes, and the largest by the least; ends
 *     node flow.js send <url>                               sends until the link ends
 *
 * Every byte of a frame says which frame of its link it is: one that is lost, doubled, out of order or damaged ends the
 * program with an error.
 */
import type { Link, LinkEvents } from '../../../proxy-runtime/contract.ts';
import { udp } from '../../../transports/udp/index.ts';
import { testContext } from '../../testing/index.ts';

const FRAME_BYTES = 16_384;

const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function listen(url: string, flows: number, warmUpMs: number, ms: number): Promise<void> {
  const bytes: number[] = [];
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const attach = (): LinkEvents => {
    const index = bytes.push(0) - 1;
    let next = 0;
    if (bytes.length === flows) begin();
    return {
      frame(frame) {
        const wrong = frame.buf.subarray(frame.start, frame.end).findIndex((byte) => byte !== (next & 0xff));
        if (wrong >= 0 || frame.end - frame.start !== FRAME_BYTES)
          throw new Error(`frame ${next} is not what was sent`);
        bytes[index] = (bytes[index] ?? 0) + FRAME_BYTES;
        next++;
        frame.release();
      },
      drain: () => undefined,
      closed: () => undefined,
    };
  };
  const context = testContext();
  const listener = await udp.listen(new URL(url), attach, context);
  say({ url: listener.url });
  await begun;
  await pause(warmUpMs);
  const before = [...bytes];
  await pause(ms);
  const delivered = bytes.map((count, i) => count - (before[i] ?? 0));
  const ratio = Math.max(...delivered) / Math.min(...delivered);
  say({ ratio, bytes: delivered, counters: context.counters.all() });
  process.exit(0);
}

async function send(url: string): Promise<void> {
  const context = testContext();
  let next = 0;
  const pump = (link: Link): void => {
    for (;;) {
      const frame = context.pool.acquire();
      if (frame === undefined) {
        context.pool.whenAvailable(() => pump(link));
        return;
      }
      frame.end = frame.start + FRAME_BYTES;
      frame.buf.fill(next++ & 0xff, frame.start, frame.end);
      if (!link.send(frame)) return;
    }
  };
  const attach = (link: Link): LinkEvents => ({
    frame: (frame) => frame.release(),
    drain: () => pump(link),
    closed: () => process.exit(0),
  });
  pump(await udp.dial(new URL(url), attach, context, new AbortController().signal));
}

const [what, url = '', ...numbers] = process.argv.slice(2);
const [flows = 1, warmUpMs = 0, ms = 1000] = numbers.map(Number);
await (what === 'listen' ? listen(url, flows, warmUpMs, ms) : send(url));
