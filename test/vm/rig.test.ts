// SPDX-License-Identifier: MIT
/** The rig itself: what comes back from a guest, however it ends. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { skipReason } from '../contract/requirement.ts';
import { reportsIn, runGuest } from './guest.ts';
import { buildProbe } from './jobs/probe.ts';
import { KERNELS, missingKernel } from './kernels.ts';

const DEADLINE_MS = 120_000;
const why = skipReason('vm', missingKernel('debian'));
const folder = mkdtempSync(join(tmpdir(), 'm3ipc-rig-'));
afterAll(() => rmSync(folder, { recursive: true }));

const guest = (script: string, deadlineMs = DEADLINE_MS, signal?: AbortSignal) =>
  runGuest({
    signal,
    ...{ kernel: KERNELS.debian.make(), cwd: folder, shared: [folder], deadlineMs, memoryMiB: 512 },
    command: ['sh', '-c', script],
  });

describe('a guest', { skip: why !== undefined, timeout: DEADLINE_MS + 10_000 }, () => {
  test('gives back status, both streams byte for byte, and what it wrote to a shared folder', async () => {
    const script = 'head -c 3000000 /dev/urandom | tee copy; echo a complaint >&2; touch /gone; exit 7';
    const { status, stdout, stderr, console } = await guest(script);
    assert.equal(status, 7);
    assert.equal(stderr.toString(), 'a complaint\n');
    const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    assert.equal(stdout.length, 3_000_000);
    assert.equal(hash(stdout), hash(readFileSync(join(folder, 'copy'))));
    assert.deepEqual(reportsIn(console), []);
    assert.throws(() => readFileSync('/gone'), { code: 'ENOENT' });
  });

  test('whose module warns has a report on its console', async () => {
    buildProbe(KERNELS.debian.make(), folder);
    const { status, console } = await guest('insmod ./probe.ko warn=1');
    assert.equal(status, 0);
    expect(reportsIn(console).join('\n')).toMatch(/WARNING: .*probe/);
  });

  test('that crashes has no status', async () => {
    const { status, timedOut, console } = await guest('echo c >/proc/sysrq-trigger');
    assert.deepEqual([status, timedOut], [undefined, false]);
    expect(console).toMatch(/sysrq triggered crash/);
  });

  test('that is told to end is gone at once', async () => {
    const { status, timedOut } = await guest('sleep 1000', DEADLINE_MS, AbortSignal.abort());
    assert.deepEqual([status, timedOut], [undefined, false]);
  });

  test('is booted again if qemu fails before anything has run', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const script = `#!/bin/sh
ulimit -c 0
PATH=${process.env.PATH}
[ -e ${bin}/failed ] || { touch ${bin}/failed; kill -ABRT $$; }
exec qemu-system-x86_64 "$@"`;
    writeFileSync(join(bin, 'qemu-system-x86_64'), script, { mode: 0o755 });
    vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
    try {
      const { status } = await guest('exit 7');
      assert.equal(status, 7);
      readFileSync(join(bin, 'failed'));
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('that does not end is ended', async () => {
    const { status, timedOut } = await guest('sleep 1000', 10_000);
    assert.deepEqual([status, timedOut], [undefined, true]);
  });
});
