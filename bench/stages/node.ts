// SPDX-License-Identifier: MIT
/** node node.js <configuration>. What `m3ipc up` runs, with marks at the doors of its proxy. */
import { startNode } from '../../proxy-runtime/cli/node-process.ts';
import { plugIns } from '../../proxy-runtime/cli/plug-ins.ts';
import { loadConfig } from '../../proxy-runtime/config/index.ts';
import { createLogger } from '../../proxy-runtime/log.ts';
import { createRuntime } from '../../proxy-runtime/runtime.ts';
import { linkAnswers } from '../../test/system/rig/link-answers.ts';
import { answerQuestions } from '../../test/system/rig/questions.ts';
import { type Marks, marked, sharedClock } from './marks.ts';

const CLOCK_READINGS = 100_000;

const config = await loadConfig(process.argv[2] ?? '', plugIns);
const now = sharedClock();
const marks: Marks = { out: [], in: [] };
const logger = createLogger(config.log.level, config.node);
const node = await startNode(config, logger, (options) => createRuntime(marked(options, marks, now)));
const stop = (): Promise<void> => node.stop();

/** Since the last time. */
function taken(): Marks {
  return { out: marks.out.splice(0), in: marks.in.splice(0) };
}

function nsPerMark(): number {
  const begin = performance.now();
  for (let reading = 0; reading < CLOCK_READINGS; reading++) now();
  return ((performance.now() - begin) * 1e6) / CLOCK_READINGS;
}

answerQuestions(
  {
    ...linkAnswers(node),
    marks: taken,
    nsPerMark,
  },
  stop,
);
process.once('SIGTERM', () => void stop().finally(() => process.exit(0)));
