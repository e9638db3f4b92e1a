// SPDX-License-Identifier: MIT
/** What is the model's own as a transport; the rest is in the transport contract, verbs are in `verbs/verbs.test.ts`. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { describe, test } from 'vitest';
import type { Link, LinkEvents, Listener } from '../../proxy-runtime/contract.ts';
import { type TestContext, testContext } from '../../test/testing/index.ts';
import { rdmaSim } from './index.ts';

const signal = new AbortController().signal;
const run = promisify(execFile);

interface End {
  readonly link: Link;
  readonly received: Uint8Array[];
  readonly closed: Promise<Error | undefined>;
  next(): Promise<Uint8Array>;
}

/** Notes what arrives on the links of a node; `ends` grows. */
function node(): {
  context: TestContext;
  ends: End[];
  attach(link: Link): LinkEvents;
  attached(): Promise<End>;
} {
  const context = testContext();
  const ends: End[] = [];
  const waiting: ((end: End) => void)[] = [];
  const attach = (link: Link): LinkEvents => {
    const received: Uint8Array[] = [];
    let wake = () => {};
    let close: (error: Error | undefined) => void = () => {};
    const closed = new Promise<Error | undefined>((resolve) => {
      close = resolve;
    });
    const next = async () => {
      while (received.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return received.shift() ?? new Uint8Array();
    };
    const end = { link, received, closed, next };
    ends.push(end);
    waiting.shift()?.(end);
    return {
      frame(frame) {
        received.push(frame.buf.slice(frame.start, frame.end));
        frame.release();
        wake();
      },
      drain: () => undefined,
      closed: close,
    };
  };
  const attached = () => new Promise<End>((resolve) => waiting.push(resolve));
  return { context, ends, attach, attached };
}

function frameOf({ pool }: TestContext, text: string) {
  const frame = pool.acquire();
  assert.ok(frame !== undefined);
  frame.end += new TextEncoder().encodeInto(text, frame.buf.subarray(frame.start)).written;
  return frame;
}

async function pair(options = '') {
  const server = node();
  const client = node();
  const url = rdmaSim.loopback() + options;
  const listener: Listener = await rdmaSim.listen(new URL(url), server.attach, server.context);
  const there = server.attached();
  await rdmaSim.dial(new URL(listener.url), client.attach, client.context, signal);
  const [here] = client.ends;
  assert.ok(here !== undefined);
  return { server, client, listener, here, there: await there, folder: new URL(url).pathname };
}

describe('addresses', () => {
  test.each([
    'rdma-sim:///dev/shm/m3ipc-b',
    'rdma-sim:/run/b',
    'rdma-sim:///run/b?latency=2us&bandwidth=100Gbps',
    'rdma-sim:///run/b?latency=0us',
    'rdma-sim:///run/b?bandwidth=2.5Gbps',
  ])('%s is good', (url) => {
    rdmaSim.check(new URL(url));
  });

  test.each([
    ['tcp:///run/b', /scheme is tcp/],
    ['rdma-sim://host/run/b', /names a host, host/],
    ['rdma-sim:///', /directory is missing/],
    ['rdma-sim:run', /directory is missing/],
    ['rdma-sim:///with blank', /must be escaped/],
    [`rdma-sim:///${'long/'.repeat(30)}`, /has 151 bytes, at most 94/],
    ['rdma-sim:///run/b?latency=2', /latency is "2"; allowed: a time from 0s to 1s/],
    ['rdma-sim:///run/b?latency=2s', /latency is "2s"/],
    ['rdma-sim:///run/b?bandwidth=100', /bandwidth is "100"; allowed: a rate from 1Mbps to 1000Gbps/],
    ['rdma-sim:///run/b?loss=1', /unknown option loss; known: latency, bandwidth/],
    ['rdma-sim:///run/b#c', /fragment, #c/],
  ])('%s is refused with its reason', (url, message) => {
    assert.throws(() => rdmaSim.check(new URL(url)), { code: 'M3_CONFIG', message });
  });

  test('a directory that cannot be made is told when listening', async () => {
    const listening = rdmaSim.listen(new URL('rdma-sim:///proc/nowhere'), node().attach, testContext());
    await assert.rejects(listening, { code: 'M3_UNAVAILABLE', message: /\/proc\/nowhere/ });
  });
});

describe('files', () => {
  test('are for their owner alone, have no names once a link stands, and all is gone at the end', async () => {
    const { here, there, listener, folder } = await pair();
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(folder), ['connect.sock']);
    await Promise.all([here.link.close(), there.closed, listener.close()]);
    assert.equal(existsSync(folder), false);
  });

  test('of killed processes are removed by who listens next; others are left alone', async () => {
    const url = new URL(rdmaSim.loopback());
    const script = `
      const { rdmaSim } = await import(${JSON.stringify(new URL('../../dist/transports/rdma-sim/index.js', import.meta.url).href)});
      const { testContext } = await import(${JSON.stringify(new URL('../../dist/test/testing/index.js', import.meta.url).href)});
      await rdmaSim.listen(new URL(${JSON.stringify(url.href)}), () => ({}), testContext());
      process.kill(process.pid, 'SIGKILL');`;
    await assert.rejects(run(process.execPath, ['--input-type=module', '-e', script]), { signal: 'SIGKILL' });
    for (const name of ['0.memory', 'f.bell']) {
      const left = `${url.pathname}/${name.replace(/^./, (digit) => digit.repeat(32))}`;
      if (name === '0.memory') writeFileSync(left, '');
      else mkdirSync(left);
      utimesSync(left, 1, 1);
    }
    writeFileSync(`${url.pathname}/mine`, '');
    const listener = await rdmaSim.listen(url, node().attach, testContext());
    assert.deepEqual(readdirSync(url.pathname).toSorted(), ['connect.sock', 'mine']);
    await listener.close();
    assert.deepEqual(readdirSync(url.pathname), ['mine']);
    await run('rm', ['-r', url.pathname]);
  });

  test.each([
    ['that others can write to', (path: string) => run('mkdir', ['-m', '777', path])],
    ['that is a file', async (path: string) => writeFileSync(path, '')],
    ['that leads elsewhere', async (path: string) => symlinkSync('/tmp', path)],
  ])('are not put into a directory %s', async (_, make) => {
    const url = new URL(rdmaSim.loopback());
    await make(url.pathname);
    const listening = rdmaSim.listen(url, node().attach, testContext());
    await assert.rejects(listening, { code: 'M3_UNAVAILABLE', message: /nobody else can write to/ });
    await run('rm', ['-r', url.pathname]);
  });

  test('that cannot be made end the dial with their name', async () => {
    const url = new URL(rdmaSim.loopback());
    mkdirSync(url.pathname, { mode: 0o700 });
    const dialled = rdmaSim.dial(url, node().attach, testContext(), signal);
    await assert.rejects(dialled, { code: 'M3_REFUSED', message: /ENOENT.*connect\.sock/ });
    await run('rm', ['-r', url.pathname]);
  });
});

test('a killed peer ends the link with IBV_WC_RETRY_EXC_ERR', async () => {
  const server = node();
  const url = new URL(rdmaSim.loopback());
  const listener = await rdmaSim.listen(url, server.attach, server.context);
  const attached = server.attached();
  const script = `
    const { rdmaSim } = await import(${JSON.stringify(new URL('../../dist/transports/rdma-sim/index.js', import.meta.url).href)});
    const { testContext } = await import(${JSON.stringify(new URL('../../dist/test/testing/index.js', import.meta.url).href)});
    const events = { frame: () => process.kill(process.pid, 'SIGKILL'), drain() {}, closed() {} };
    await rdmaSim.dial(new URL(${JSON.stringify(url.href)}), () => events, testContext(), new AbortController().signal);`;
  const killed = assert.rejects(run(process.execPath, ['--input-type=module', '-e', script]), {
    signal: 'SIGKILL',
  });
  const there = await attached;
  there.link.send(frameOf(server.context, 'die'));
  const error = await there.closed;
  assert.ok(error !== undefined && 'code' in error);
  assert.equal(error.code, 'M3_LINK_LOST');
  assert.match(error.message, /IBV_WC_RETRY_EXC_ERR/);
  await Promise.all([killed, listener.close()]);
  assert.equal(existsSync(url.pathname), false);
  assert.equal(server.context.pool.inUse, 0);
});

test('who has only ever been told of room can still send: 20,000 large frames one way, then an answer', async () => {
  const { client, server, here, there, listener } = await pair();
  const text = 'x'.repeat(5000);
  for (let sent = 0; sent < 20_000; ) {
    const frame = client.context.pool.inUse < 32 ? frameOf(client.context, text) : undefined;
    if (frame === undefined) await new Promise((resolve) => setImmediate(resolve));
    else {
      here.link.send(frame);
      sent++;
    }
  }
  while (there.received.length < 20_000) await new Promise((resolve) => setImmediate(resolve));
  there.link.send(frameOf(server.context, 'answer'));
  assert.equal(new TextDecoder().decode(await here.next()), 'answer');
  await Promise.all([here.link.close(), there.closed, listener.close()]);
});

test('the link model delays what is sent, in both directions, small and large', async () => {
  const { client, server, here, there, listener } = await pair('?latency=10ms&bandwidth=1Gbps');
  const text = 'x'.repeat(50_000);
  const started = performance.now();
  here.link.send(frameOf(client.context, 'ping'));
  assert.equal(new TextDecoder().decode(await there.next()), 'ping');
  there.link.send(frameOf(server.context, text));
  assert.equal(new TextDecoder().decode(await here.next()), text);
  // There, the notice back, and the fetch there and back.
  assert.ok(performance.now() - started >= 40);
  await Promise.all([here.link.close(), there.closed, listener.close()]);
});
