// SPDX-License-Identifier: MIT
import { destination, type Logger, pino } from 'pino';

/** From the most talkative to none. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * JSON lines on stderr, each with the node's id: stdout belongs to results. Writes are synchronous, so that the last line
 * before an exit or a crash is not lost; nothing on the data path may log above `trace`.
 */
export const createLogger = (level: LogLevel, node?: number): Logger =>
  pino({ level, base: node === undefined ? {} : { node } }, destination({ dest: 2, sync: true }));
