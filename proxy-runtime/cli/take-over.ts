// SPDX-License-Identifier: MIT
/**
 * A node whose core another process serves: the new one loads all that it needs, then waits for the end of the other or
 * brings it about. Records wait in the core meanwhile, so nothing is lost between the two.
 */
import type { Logger } from 'pino';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/index.ts';
import { ProxyError } from '../errors.ts';
import { LIMITS_DEFAULT } from '../settings.ts';
import { servingPid } from './core-setup.ts';

/** `standby`: when it has ended for whatever reason; `replace`: it is told to. */
export type TakeOver = 'standby' | 'replace';

/** Nobody announces the death of a process that is not one's child. */
const LOOK_MS = 10;
/** For a process that was told to end, or killed; beyond what it has for draining. */
const PATIENCE_MS = 3000;

/**
 * Resolves when no process serves the core. One that is told to end is set going if it was stopped; if it does not end
 * all the same it is killed, which loses nothing either.
 * @param waiting told once of the process that serves it now.
 * @throws M3_CONFIG: the core is another node's, or the process is another user's; M3_TIMEOUT: it cannot be killed.
 */
export async function takeOver(
  config: Config,
  how: TakeOver,
  log: Logger,
  waiting: (pid: number) => void,
): Promise<void> {
  const pid = servingPid(config);
  if (pid === 0) return;
  waiting(pid);
  if (how === 'replace') await end(config, pid, log);
  else while (servingPid(config) !== 0) await pause();
}

async function end(config: Config, pid: number, log: Logger): Promise<void> {
  log.info({ pid }, 'telling the process that serves this core to end');
  tell(pid, 'SIGTERM');
  tell(pid, 'SIGCONT');
  if (await gone(config, pid, LIMITS_DEFAULT.drainMs + PATIENCE_MS)) return;
  log.warn({ pid }, 'it has not ended: killing it');
  tell(pid, 'SIGKILL');
  if (await gone(config, pid, PATIENCE_MS)) return;
  const text = `process ${pid}, which serves the core, is there ${PATIENCE_MS} ms after SIGKILL`;
  throw new ProxyError('M3_TIMEOUT', text);
}

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    // Gone already: that is what was wanted.
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return;
    const text = `process ${pid} serves the core and cannot be told to end: ${cause}; end it, or run as its user`;
    throw new ProxyError('M3_CONFIG', text, { cause });
  }
}

async function gone(config: Config, pid: number, ms: number): Promise<boolean> {
  const limit = systemClock().now() + ms;
  while (servingPid(config) === pid) {
    if (systemClock().now() > limit) return false;
    await pause();
  }
  return true;
}

const pause = (): Promise<void> =>
  new Promise((resolve) => {
    systemClock().after(LOOK_MS, resolve);
  });
