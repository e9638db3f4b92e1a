// SPDX-License-Identifier: MIT
/**
 * node tipc-wire-end.js <1|2>: one end of job `tipc-wire`, in a guest whose wire loses and delays.
 *
 * End 1 listens and end 2 dials. Both send frames at once. End 2 says that it goes, and takes its wire down without another word,
 * as a machine that has lost its power would; when it has noticed as well it comes back and dials again. At last end 1 begins to
 * listen at another service, and end 2 dials that as soon as TIPC tells of it.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { FRAME_BYTES } from '../../../proxy-runtime/contract.ts';
import { transports } from '../../../transports/index.ts';
import { expectFrames, filled, sendFrames } from '../../contract/transport-load.ts';
import { type End, type Node, type Stage, stage } from '../../contract/transport-stage.ts';

const { tipc } = transports;
const FRAMES = 2000;
const FIRST = 'tipc://18888:1';
const SECOND = 'tipc://18888:2';
/** Of a frame that says something by coming. */
const SIGN_BYTES = 10;

const lengthOf = (index: number): number => (index % 50 === 0 ? FRAME_BYTES : 100 + (index % 900));
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const sign = (side: Node, end: End): void => void end.link.send(filled(side.context.pool, 0, SIGN_BYTES));
const since = (started: number): string => `${Math.round(performance.now() - started)} ms`;

async function exchange(side: Node, end: End): Promise<void> {
  const copying = end.onFrame;
  const arrived = expectFrames(end, FRAMES, lengthOf);
  const checking = end.onFrame;
  // A sign may come in the very turn of the last frame.
  end.onFrame = (frame) => (end.received > FRAMES ? copying : checking)(frame);
  await Promise.all([arrived, sendFrames(side, end, FRAMES, lengthOf)]);
  say(`${FRAMES} frames came, in order and whole`);
}

/** Dials whenever somebody begins to listen there, until a link stands. */
function dialWhenThere(scene: Stage, url: string): Promise<End> {
  return new Promise((resolve) => {
    const presence = tipc.presence?.(new URL(url), () => {
      scene.dial(url).then(
        (end) => {
          presence?.close();
          resolve(end);
        },
        (error: Error) => say(`${error.message}`),
      );
    });
  });
}

/** How long the other node may be silent: TIPC's default, and what is agreed with it. */
function setTolerance(): void {
  const list = execFileSync('tipc', ['link', 'list'], { encoding: 'utf8' });
  const [, name = ''] = list.match(/^(node\S+): up/m) ?? [];
  execFileSync('tipc', ['link', 'set', 'tolerance', '1500', 'link', name]);
}

/** What the link between the two nodes has sent again. */
function retransmissions(): number {
  const text = execFileSync('tipc', ['link', 'stat', 'show'], { encoding: 'utf8' });
  return [...text.matchAll(/retrans:(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}

async function first(scene: Stage): Promise<void> {
  await scene.listen(FIRST);
  const there = await scene.server.attached();
  await exchange(scene.server, there);
  say(`${retransmissions()} retransmissions`);
  await there.next();
  setTolerance();
  sign(scene.server, there);
  const started = performance.now();
  const error = await there.closed;
  assert.ok(error !== undefined && 'code' in error && error.code === 'M3_LINK_LOST', String(error));
  say(`gone: the link ended after ${since(started)}`);
  const again = await scene.server.attached();
  await again.next();
  await scene.listen(SECOND);
  sign(scene.server, again);
  const second = await scene.server.attached();
  await second.closed;
}

async function second(scene: Stage): Promise<void> {
  const here = await dialWhenThere(scene, FIRST);
  await exchange(scene.client, here);
  sign(scene.client, here);
  await here.next();
  execFileSync('ip', ['link', 'set', 'wire', 'down']);
  await here.closed;
  execFileSync('ip', ['link', 'set', 'wire', 'up']);
  const again = await dialWhenThere(scene, FIRST);
  const linked = dialWhenThere(scene, SECOND);
  sign(scene.client, again);
  await again.next();
  const started = performance.now();
  await linked;
  say(`back: linked ${since(started)} after the other listened`);
}

const scene = stage(tipc);
await (process.argv[2] === '1' ? first : second)(scene);
await scene.finish();
