// SPDX-License-Identifier: MIT
/** node moleculer.js client <port> | server. Moleculer over its own TCP transporter; its serializer is JSON. */
import { answerQuestions } from '../../test/system/rig/questions.ts';
import { closedLoop, type Load } from '../closed-loop.ts';
import { peerPackage } from './install.ts';
import { BYTES, MAX_OUTSTANDING } from './layout.ts';

interface Broker {
  readonly transit: { readonly tx: { readonly opts: { readonly port: number } } };
  createService(service: object): unknown;
  start(): Promise<void>;
  waitForServices(names: string): Promise<unknown>;
  call(action: string, parameters: Request): Promise<Request>;
}
interface Moleculer {
  readonly ServiceBroker: new (options: object) => Broker;
}
interface Request {
  readonly bytes: string;
}

const { ServiceBroker } = peerPackage('moleculer') as Moleculer;
const [what = '', port = ''] = process.argv.slice(2);

const broker = (nodeID: string, urls: readonly string[]): Broker =>
  new ServiceBroker({
    ...{ nodeID, logger: false },
    transporter: { type: 'TCP', options: { udpDiscovery: false, urls } },
  });

async function serve(): Promise<string[]> {
  const server = broker('server', []);
  server.createService({
    name: 'bench',
    actions: { echo: ({ params }: { params: Request }) => ({ bytes: params.bytes }) },
  });
  await server.start();
  return [String(server.transit.tx.opts.port)];
}

async function caller(): Promise<(slot: number) => Promise<void>> {
  const client = broker('client', [`127.0.0.1:${port}/server`]);
  await client.start();
  await client.waitForServices('bench');
  const numbers = new Uint32Array(MAX_OUTSTANDING);
  return async (slot) => {
    const number = (numbers[slot] ?? 0) + 1;
    numbers[slot] = number;
    const bytes = String(number).padStart(BYTES, '0');
    const reply = await client.call('bench.echo', { bytes });
    if (reply.bytes !== bytes) throw new Error(`a reply to ${reply.bytes}, not to ${bytes}`);
  };
}

if (what === 'server') {
  const serving = serve();
  answerQuestions({ ready: () => serving });
} else {
  const call = await caller();
  answerQuestions({ ready: () => true, measure: (load: Load) => closedLoop(load, call) });
}
