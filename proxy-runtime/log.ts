// SPDX-License-Identifier: MIT
import { destination, type Logger, pino } from 'pino';

/** From the most talkative to none. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface NodeLogger {
  readonly log: Logger;
  /** Of all that is logged from now on, by its children too: those of links have levels of their own. */
  setLevel(level: LogLevel): void;
}

/**
 * JSON lines on stderr, each with the node's id: stdout belongs to results. Writes are synchronous, so that the last line
 * before an exit or a crash is not lost; nothing on the data path may log above `trace`.
 */
export function createLogger(level: LogLevel, node: number): NodeLogger {
  // A link's logger goes with the link.
  const children = new Set<WeakRef<Logger>>();
  const forEach = (act: (child: Logger) => void): void => {
    for (const child of children) {
      const alive = child.deref();
      if (alive === undefined) children.delete(child);
      else act(alive);
    }
  };
  const options = {
    level,
    base: { node },
    onChild: (child: Logger) => {
      forEach(() => undefined);
      children.add(new WeakRef(child));
    },
  };
  const log: Logger = pino(options, destination({ dest: 2, sync: true }));
  return {
    log,
    setLevel(next) {
      log.level = next;
      forEach((child) => {
        child.level = next;
      });
    },
  };
}
