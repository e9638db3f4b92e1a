// SPDX-License-Identifier: MIT
/** Who calls a TIPC service, as links. */
import { watch } from '../../core-kmod/binding/io.ts';
import type { Attach, Listener, TransportContext } from '../../proxy-runtime/contract.ts';
import { streamLink } from '../stream-link.ts';
import { Receiver } from '../stream-receiver.ts';
import { TipcStream } from './stream.ts';
import type { Service, TipcNode } from './tipc-node.ts';

/** After a connection could not be accepted, which is for want of descriptors or memory. */
const PAUSE_MS = 1000;

/** Binds, listens and attaches a link for each connection. Throws a system error. */
export function tipcListener(
  node: TipcNode,
  service: Service,
  url: string,
  attach: Attach,
  context: TransportContext,
): Listener {
  const fd = bound(node, service);
  let cancelPause: () => void = () => undefined;
  const accept = () => {
    try {
      for (let each = node.accept(fd); each !== undefined; each = node.accept(fd)) link(each);
    } catch (error) {
      context.log.error({ url, err: error }, 'a connection was not accepted');
      watched.readable(false);
      cancelPause = context.clock.after(PAUSE_MS, () => watched.readable(true));
    }
  };
  const link = (accepted: number) => {
    const peer = node.peer(accepted);
    node.noDelay(accepted);
    const receiver = new Receiver(context);
    const remote = `tipc node ${peer.node.toString(16)}, socket ${peer.socket}`;
    streamLink(new TipcStream(node, accepted, receiver, false), receiver, remote, attach, context);
  };
  const watched = watch(fd, accept);
  let closed: Promise<void> | undefined;
  return {
    url,
    close() {
      closed ??= new Promise((resolve) => {
        cancelPause();
        watched.close();
        node.close(fd);
        context.clock.soon(resolve);
      });
      return closed;
    },
  };
}

function bound(node: TipcNode, service: Service): number {
  const fd = node.stream();
  try {
    node.bind(fd, service);
    node.listen(fd);
    return fd;
  } catch (error) {
    node.close(fd);
    throw error;
  }
}
