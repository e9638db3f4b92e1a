// SPDX-License-Identifier: MIT
/**
 * What lies between two nodes over any transport: a link of that transport to each. It hands frames on, and can do no more to
 * them than a transport that breaks: what is under way in either link, and in this process, is lost.
 */
import type { Attach, Frame, Link, LinkEvents } from '../../../proxy-runtime/contract.ts';
import { transportFor } from '../../../transports/index.ts';
import { testContext } from '../../testing/index.ts';
import type { Relay } from './relay.ts';

/** Of both links together: enough that a bulk lane is never held up here. */
const SLABS = 512;

/** A dialler's link, and the one that leads on; frames wait for the latter. */
interface Pair {
  readonly caller: Link;
  callee: Link | undefined;
  readonly waiting: Frame[];
}

/** @param target where connections lead, in any transport's words. */
export async function openLinkRelay(target: string): Promise<Relay> {
  const url = new URL(target);
  const transport = transportFor(url);
  const context = testContext({ slabs: SLABS });
  const pairs = new Set<Pair>();
  const leaving = new AbortController();
  let connections = 0;

  const drop = (pair: Pair): void => {
    if (!pairs.delete(pair)) return;
    for (const frame of pair.waiting.splice(0)) frame.release();
    pair.caller.destroy();
    pair.callee?.destroy();
  };
  const onward = (pair: Pair, callee: Link): LinkEvents => {
    pair.callee = callee;
    for (const frame of pair.waiting.splice(0)) callee.send(frame);
    return {
      frame: (frame) => pair.caller.send(frame) || callee.pause(true),
      drain: () => pair.caller.pause(false),
      closed: () => drop(pair),
    };
  };
  const attach: Attach = (caller) => {
    const pair: Pair = { caller, callee: undefined, waiting: [] };
    pairs.add(pair);
    const dialled = transport.dial(url, (callee) => onward(pair, callee), context, leaving.signal);
    dialled.then(
      (callee) => {
        if (pairs.has(pair)) connections++;
        else callee.destroy();
      },
      () => drop(pair),
    );
    return {
      frame(frame) {
        if (pair.callee === undefined) pair.waiting.push(frame);
        else if (!pair.callee.send(frame)) caller.pause(true);
      },
      drain: () => pair.callee?.pause(false),
      closed: () => drop(pair),
    };
  };
  const listener = await transport.listen(new URL(transport.loopback()), attach, context);
  const cut = (): void => {
    for (const pair of pairs) drop(pair);
  };
  return {
    url: listener.url,
    get connections() {
      return connections;
    },
    cut,
    async close() {
      leaving.abort();
      cut();
      await listener.close();
    },
  };
}
