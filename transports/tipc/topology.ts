// SPDX-License-Identifier: MIT
/** TIPC's topology service: who is told when a service appears in the cluster, and when it goes (TIPC Programmer's Guide). */
import { batchOf, Channel, MESSAGE, systemError, type Watch, watch } from '../../core-kmod/binding/io.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { addressBytes, type Service, type TipcNode } from './tipc-node.ts';

/** TIPC_TOP_SRV: where the service itself is. */
const TOPOLOGY: Service = { type: 1, instance: 1 };
/** sizeof(struct tipc_subscr), sizeof(struct tipc_event) */
const SUBSCRIPTION_BYTES = 28;
const EVENT_BYTES = 48;
/** TIPC_SUB_SERVICE: one event when the first appears, one when the last has gone. */
const FILTER_SERVICE = 2;

/** TIPC_WAIT_FOREVER */
export const FOREVER = 0xffff_ffff;

export type TopologyEvent = 'published' | 'withdrawn' | 'timeout' | 'lost';
/** By `event` of struct tipc_event. */
const EVENTS: readonly (TopologyEvent | undefined)[] = [undefined, 'published', 'withdrawn', 'timeout'];

export interface Subscription {
  close(): void;
}

function subscription({ type, instance }: Service, timeoutMs: number): Buffer {
  const bytes = Buffer.alloc(SUBSCRIPTION_BYTES);
  [type, instance, instance, timeoutMs, FILTER_SERVICE].forEach((word, index) => {
    bytes.writeUInt32LE(word, index * 4);
  });
  return bytes;
}

/**
 * Tells of the service until closed; at once, if it is there already. Throws a system error if there is no topology service.
 * @param timeoutMs after which it tells `timeout`, and nothing more; {@link FOREVER}.
 * @param tell gets `lost`, and nothing more, if the topology service itself goes.
 */
export function subscribe(
  node: TipcNode,
  service: Service,
  timeoutMs: number,
  tell: (event: TopologyEvent) => void,
): Subscription {
  const channel = new Channel(node.messages());
  const request = batchOf(1, SUBSCRIPTION_BYTES);
  const address = addressBytes(TOPOLOGY, false);
  request.bytes.set(subscription(service, timeoutMs));
  request.names.set(address);
  request.table.set([0, SUBSCRIPTION_BYTES, 0, address.length]);
  // A first message with an address connects.
  const answer = channel.send(request, 0, 1);
  if (answer !== 1) {
    channel.close();
    throw systemError(answer, 'subscribe');
  }
  const events = batchOf(1, EVENT_BYTES);
  let watched: Watch | undefined = watch(channel.fd, () => {
    while (watched !== undefined) {
      const received = channel.receive(events, EVENT_BYTES);
      if (received === 0) return;
      const isEvent = received > 0 && events.table[MESSAGE.length] === EVENT_BYTES;
      const event = isEvent ? EVENTS[new DataView(events.bytes.buffer).getUint32(0, true)] : 'lost';
      if (!isEvent) stop();
      if (event !== undefined) tell(event);
    }
  });
  const stop = () => {
    watched?.close();
    watched = undefined;
    channel.close();
  };
  return { close: stop };
}

/** Whether somebody in the cluster is bound to the service. */
export function isPublished(node: TipcNode, service: Service): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const subscription = subscribe(node, service, 1, (event) => {
      subscription.close();
      if (event === 'lost') reject(new ProxyError('M3_UNAVAILABLE', "TIPC's topology service is gone"));
      else resolve(event === 'published');
    });
  });
}
