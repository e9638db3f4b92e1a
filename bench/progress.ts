// SPDX-License-Identifier: MIT
/** How far a bench is, on stderr: lines that stay, and on a terminal one that changes. */

export interface Progress {
  /** Stays. */
  line(text: string): void;
  /** So much of all that will be measured is done, and this comes next. Shown on a terminal only. */
  step(done: number, total: number, next: string): void;
  /** Clears the line that changes. */
  end(): void;
}

export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const CLEAR = '\r\x1b[K';
const WIDTH = 80;
const S_PER_MIN = 60;

/** @param nowMs monotonic. */
export function createProgress(screen: Screen, nowMs: () => number): Progress {
  const began = nowMs();
  const isTerminal = screen.isTTY === true;
  let shown = '';
  return {
    line: (text) => void screen.write(isTerminal ? `${CLEAR}${text}\n${shown}` : `${text}\n`),
    step(done, total, next) {
      if (!isTerminal) return;
      shown = stepText(done, total, nowMs() - began, next).slice(0, (screen.columns ?? WIDTH) - 1);
      screen.write(`${CLEAR}${shown}`);
    },
    end() {
      if (isTerminal) screen.write(CLEAR);
    },
  };
}

/** What is left is taken to last as long, each, as what is done. */
export function stepText(done: number, total: number, elapsedMs: number, next: string): string {
  const percent = Math.floor((100 * done) / total);
  const left = done === 0 ? '' : `, ${timeText((elapsedMs / done) * (total - done))} left`;
  return `${percent} %, ${done} of ${total}${left}: ${next}`;
}

function timeText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < S_PER_MIN ? `${seconds} s` : `${Math.ceil(seconds / S_PER_MIN)} min`;
}
