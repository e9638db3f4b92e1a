// SPDX-License-Identifier: MIT
/**
 * Fenced blocks of a Markdown file. The words behind the language say what a test does with a block:
 *
 *   ```yaml alpha.yaml     a file, to be written; or one of the repository, which the block must equal
 *   ```sh                  commands that must succeed
 *   ```sh terminal         commands that run on until the end
 *   ```sh every            what each of the reader's terminals begins with
 *   ```sh clone            commands for a fresh clone, left to the test
 *   ```text                behind one of these: what it prints, `...` for lines left out. Elsewhere: a picture
 *   ```text measured       the same, where every number differs from run to run
 */
import { readFileSync } from 'node:fs';

export interface Block {
  readonly language: string;
  readonly word: string;
  readonly text: string;
  /** Of the opening fence. */
  readonly line: number;
}

export function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; word: string; line: number; lines: string[] } | undefined;
  for (const [at, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    const fence = /^```(\S*) ?(\S*)$/.exec(line);
    if (open === undefined) {
      if (fence !== null) open = { language: fence[1] ?? '', word: fence[2] ?? '', line: at + 1, lines: [] };
    } else if (fence === null) open.lines.push(line);
    else {
      const { lines, ...rest } = open;
      blocks.push({ ...rest, text: `${lines.join('\n')}\n` });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${file}:${open.line}: the block has no end`);
  return blocks;
}
