// SPDX-License-Identifier: MIT
/** A node of a configuration, running in this process: its core, its proxies, its control socket, its metrics. */
import { createServer, type Server } from 'node:http';
import type { Logger } from 'pino';
import { NodeCore } from '../../core-kmod/binding/core.ts';
import { systemClock, wallClockMs } from '../clock.ts';
import { type Config, coreName } from '../config/index.ts';
import { ProxyError } from '../errors.ts';
import { keyStore } from '../key-store.ts';
import type { NodeLogger } from '../log.ts';
import { prometheusText } from '../metrics/prometheus.ts';
import { createRuntime, type Runtime, type RuntimeOptions } from '../runtime.ts';
import { type Control, openControl } from './control.ts';
import { setUpCore } from './core-setup.ts';
import { serveCapture } from './node-capture.ts';
import { type Change, createReloader, type Reloader } from './node-reload.ts';
import { nodeSamples } from './node-samples.ts';
import { runtimePart } from './node-status.ts';

/** How often dead members are looked for, ms: their partners learn within 250 ms (build decision 15). */
const SWEEP_MS = 100;

export interface NodeProcess {
  readonly core: NodeCore;
  readonly runtime: Runtime;
  /** Takes over what the configuration file says now, as far as that touches no link. M3_CONFIG: nothing has changed. */
  reload(): Promise<readonly Change[]>;
  /** Drains the links; `force` ends them at once. Ends the core too, unless processes are still bound to it. */
  stop(options?: { readonly force?: boolean }): Promise<void>;
}

interface Parts {
  core: NodeCore;
  runtime?: Runtime;
  control?: Control;
  metrics?: Server;
  stopSweep?: () => void;
}

/**
 * Throws what the core, the addresses or the peers' configuration have to say; then nothing is left running.
 * @param make who wants to look at what passes a runtime's doors makes it with other ones.
 */
export async function startNode(
  config: Config,
  logger: NodeLogger,
  make: (options: RuntimeOptions) => Runtime = createRuntime,
): Promise<NodeProcess> {
  const { log } = logger;
  const dir = coreName(config.core);
  const parts: Parts = { core: setUpCore(config) };
  const { reload, publicKeysOf } = createReloader(config, parts.core, logger);
  try {
    parts.stopSweep = sweepRegularly(parts.core);
    const runtime = make(optionsOf(config, parts.core, log, publicKeysOf));
    parts.runtime = runtime;
    await runtime.start();
    parts.control = await openControl(dir, {
      status: () => runtimePart(config.name, runtime.status(), wallClockMs()),
      reload: async () => ({ changes: await reload() }),
      capture: (question, socket) => serveCapture(runtime, config.node, question, socket),
    });
    if (config.metrics.listen !== undefined)
      parts.metrics = await serveMetrics(config.metrics.listen, async () =>
        prometheusText(nodeSamples(parts.core, runtime.status(), wallClockMs())),
      );
  } catch (error) {
    await stopParts(parts, true);
    endCore(parts.core, dir, log);
    throw error;
  }
  return {
    core: parts.core,
    runtime: parts.runtime,
    reload,
    stop: async ({ force = false } = {}) => {
      await stopParts(parts, force);
      endCore(parts.core, dir, log);
    },
  };
}

function optionsOf(
  config: Config,
  core: NodeCore,
  log: Logger,
  publicKeysOf: Reloader['publicKeysOf'],
): RuntimeOptions {
  const { name, listen, peers, pool, reconnect, liveness, onDisconnect, keyFile, pskFile } = config;
  const own = keyFile === undefined ? () => [] : keyStore(keyFile, log);
  const psk = pskFile === undefined ? () => [] : keyStore(pskFile, log);
  return {
    core,
    name,
    log,
    listen: listen.map(addressOf),
    peers: peers.flatMap((peer) => {
      // Who does not dial is called by the other, over a transport of the common listeners.
      const transport = (peer.dial[0] ?? listen[0])?.transport;
      if (transport === undefined) return [];
      const dial = peer.dial.length === 0 ? {} : { dial: peer.dial.map(addressOf) };
      const { node, name: peerName, codecs, insecure } = peer;
      const keys = () => ({ own: own(), peer: publicKeysOf(node), psk: psk()[0] });
      return [{ peer: node, peerName, transport, codecs, insecure, keys, ...dial }];
    }),
    limits: {
      slabs: pool.slabs,
      retryMs: reconnect.minMs,
      retryMaxMs: reconnect.maxMs,
      intervalMs: liveness.intervalMs,
      misses: liveness.misses,
      holdMs: onDisconnect.policy === 'fail' ? 0 : (onDisconnect.holdMs ?? Number.POSITIVE_INFINITY),
    },
  };
}

const addressOf = ({ transport, url }: Config['listen'][number]) => ({ transport, url: url.href });

function sweepRegularly(core: NodeCore): () => void {
  const clock = systemClock();
  let cancel = () => {};
  const again = (): void => {
    core.sweep();
    cancel = clock.after(SWEEP_MS, again, true);
  };
  again();
  return () => cancel();
}

async function serveMetrics(url: URL, text: () => Promise<string>): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string): void => {
      response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' }).end(body);
    };
    if (request.url !== '/metrics' || request.method !== 'GET') answer(404, 'see /metrics\n');
    // A DC whose lock is held by a stopped process cannot be looked at: the next scrape may be luckier.
    else
      text().then(
        (body) => answer(200, body),
        (error: Error) => answer(503, `${error.message}\n`),
      );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(metricsFailure(url, cause)));
    server.listen(Number(url.port || 80), url.hostname.replace(/^\[|\]$/g, ''), resolve);
  });
  return server;
}

function metricsFailure(url: URL, cause: Error): ProxyError {
  const code = 'code' in cause && cause.code === 'EADDRINUSE' ? 'M3_ADDR_IN_USE' : 'M3_UNAVAILABLE';
  return new ProxyError(code, `metrics.listen ${url.href}: ${cause.message}`, {
    cause,
    remedy: 'stop the other program, or let metrics.listen name another address',
  });
}

async function stopParts(parts: Parts, force: boolean): Promise<void> {
  parts.stopSweep?.();
  parts.control?.close();
  parts.metrics?.close();
  parts.metrics?.closeAllConnections();
  await parts.runtime?.stop({ force });
}

/** A core that processes still use is kept: the next `up` goes on with it, and nothing in flight is lost. */
function endCore(core: NodeCore, dir: string, log: Logger): void {
  core.sweep();
  const { maxDcs } = core.info();
  const members = Array.from({ length: maxDcs }, (_, dc) => membersOf(core, dc)).reduce((a, b) => a + b, 0);
  core.close();
  if (members > 0) log.info({ members, core: dir }, 'the core is kept: processes are still bound to it');
  else NodeCore.end(dir);
}

function membersOf(core: NodeCore, dc: number): number {
  try {
    return core.dcInfo(dc).members;
  } catch {
    return 0;
  }
}
