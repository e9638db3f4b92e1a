// SPDX-License-Identifier: MIT
/** Debian's Chromium without a screen, asked over a pair of pipes (Chrome DevTools Protocol). */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const COMMAND = 'chromium';

/** Why there is none, and what to do; undefined: there is one. */
export const chromiumMissing = (): string | undefined =>
  spawnSync(COMMAND, ['--version']).status === 0 ? undefined : `no ${COMMAND}: apt-get install chromium`;

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Browser {
  /** Loads a file in a window of that size. */
  open(file: string, size: Size): Promise<void>;
  /** The value of an expression in the page, as JSON. */
  evaluate<T>(expression: string): Promise<T>;
  /** PNG of the window. */
  screenshot(): Promise<Buffer>;
  /** PDF of the page, as printed on A4. */
  print(): Promise<Buffer>;
  /** Resolves when it is gone. */
  close(): Promise<void>;
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

type Send = (method: string, params?: object) => Promise<Readonly<Record<string, unknown>>>;

export async function startBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'm3ipc-chromium-'));
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
  ];
  const args = [...flags, `--user-data-dir=${profile}`, '--remote-debugging-pipe', 'about:blank'];
  const child = spawn(COMMAND, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const { send, event } = protocol(child);
  const { targetInfos } = await send('Target.getTargets');
  const page = (targetInfos as { type: string; targetId: string }[]).find(({ type }) => type === 'page');
  const { sessionId } = await send('Target.attachToTarget', { targetId: page?.targetId, flatten: true });
  const ask: Send = (method, params = {}) => send(method, { ...params, sessionId });
  await ask('Page.enable');
  const bytes = async (method: string, params: object): Promise<Buffer> =>
    Buffer.from(String((await ask(method, params)).data), 'base64');
  return {
    async open(file, { width, height }) {
      await ask('Emulation.setDeviceMetricsOverride', {
        width,
        height,
        deviceScaleFactor: 1,
        mobile: width < 700,
      });
      const loaded = event('Page.loadEventFired');
      await ask('Page.navigate', { url: `file://${file}` });
      await loaded;
    },
    async evaluate<T>(expression: string) {
      const { result } = await ask('Runtime.evaluate', { expression: `JSON.stringify(${expression})` });
      return JSON.parse((result as { value: string }).value) as T;
    },
    screenshot: () => bytes('Page.captureScreenshot', { format: 'png' }),
    print: () => bytes('Page.printToPDF', { paperWidth: 8.27, paperHeight: 11.69 }),
    async close() {
      const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
      if (child.exitCode === null) child.kill('SIGKILL');
      await gone;
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Messages of JSON, each ended by a zero byte. */
function protocol(child: ChildProcess): { send: Send; event(method: string): Promise<void> } {
  const [, , , into, from] = child.stdio as unknown as [null, null, null, Writable, Readable];
  const waiting = new Map<number, { resolve(of: Reply): void; reject(error: Error): void }>();
  const events: { readonly method: string; readonly happened: () => void }[] = [];
  let [rest, ids] = ['', 0];
  child.once('close', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${COMMAND} ended: exit code ${code}`));
  });
  from.on('data', (part: Buffer) => {
    const messages = `${rest}${part.toString('utf8')}`.split('\0');
    rest = messages.pop() ?? '';
    for (const text of messages) {
      const reply = JSON.parse(text) as Reply;
      if (reply.id !== undefined) waiting.get(reply.id)?.resolve(reply);
      for (const { method, happened } of events) if (method === reply.method) happened();
    }
  });
  return {
    async send(method, params = {}) {
      const { sessionId, ...rest } = params as { sessionId?: string };
      const id = ++ids;
      const reply = await new Promise<Reply>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        into.write(`${JSON.stringify({ id, method, params: rest, ...(sessionId ? { sessionId } : {}) })}\0`);
      });
      waiting.delete(id);
      if (reply.error !== undefined) throw new Error(`${method}: ${reply.error.message}`);
      return reply.result ?? {};
    },
    event: (method) => new Promise((happened) => events.push({ method, happened })),
  };
}
