// SPDX-License-Identifier: MIT
/** What crosses between a test or bench and the processes it starts: questions and their answers, over Node IPC. */

export interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

export type Answer =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string };

/** By the name of the question. What they return, or resolve with, is the answer. */
export type Answers = Readonly<Record<string, (argument: never) => unknown>>;

/**
 * Makes this process answer its parent. It ends when the parent does.
 * @param orphaned runs before that.
 */
export function answerQuestions(answers: Answers, orphaned: () => unknown = () => {}): void {
  process.on('message', (question: Question) => void reply(answers, question));
  const end = () => void Promise.resolve(orphaned()).finally(() => process.exit(0));
  // A parent that was killed while this process started has gone unheard.
  if (process.connected) process.once('disconnect', end);
  else end();
}

async function reply(answers: Answers, { id, name, argument }: Question): Promise<void> {
  try {
    const answer = answers[name];
    if (answer === undefined) throw new Error(`nobody answers ${name}`);
    tell({ id, answer: await answer(argument as never) });
  } catch (error) {
    tell({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

function tell(answer: Answer): void {
  // Without a channel there is nobody left who asks.
  if (process.connected) process.send?.(answer);
}
