// SPDX-License-Identifier: MIT
/** A configuration file as text: YAML 1.2, of which JSON is a part, with the place of every key. */
import { readFileSync } from 'node:fs';
import { isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { KeyPath, Mistake } from './mistake.ts';

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Source {
  readonly file: string;
  /** Undefined when the file could not be read or its syntax is broken. */
  readonly content: unknown;
  readonly mistakes: readonly Mistake[];
  /** Place of a value, or of its key; of the nearest thing around it where it does not exist. */
  place(path: KeyPath, of: 'key' | 'value'): Place | undefined;
}

/** What to do about an errno of reading the file. */
const READ_REMEDIES: Readonly<Record<string, readonly [problem: string, remedy: string]>> = {
  ENOENT: ['no such file', 'name an existing file, or write one (see the example in the README)'],
  EISDIR: ['it is a directory', 'name a file in it'],
  EACCES: ['it may not be read', 'give this user the right to read it'],
};

export function readSource(file: string): Source {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const [problem, remedy] = READ_REMEDIES[code] ?? [message, 'make the file readable'];
    return broken(file, [{ file, key: '', problem, remedy }]);
  }
  return parseSource(file, text);
}

/** `file` is only named in mistakes. */
function parseSource(file: string, text: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const mistakes = document.errors.map((error): Mistake => {
    const { line, col } = lines.linePos(error.pos[0]);
    const remedy =
      error.code === 'DUPLICATE_KEY' ? 'keep one of them' : 'correct the YAML or JSON syntax at this place';
    return { file, line, column: col, key: '', problem: error.message, remedy };
  });
  // A repeated key leaves a usable document: the other mistakes are told with it.
  if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY')) return broken(file, mistakes);
  if (document.contents === null) {
    const remedy = 'write the configuration of a node (see the example in the README)';
    return broken(file, [{ file, key: '', problem: 'the file is empty', remedy }]);
  }
  let content: unknown;
  try {
    content = document.toJS();
  } catch (error) {
    const problem = (error as Error).message;
    return broken(file, [{ file, key: '', problem, remedy: 'define the anchor, or write the value out' }]);
  }
  const place = (path: KeyPath, of: 'key' | 'value'): Place | undefined => {
    const offset = nodeAt(document.contents, path, of)?.range?.[0];
    if (offset === undefined) return undefined;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  return { file, content, mistakes, place };
}

const broken = (file: string, mistakes: readonly Mistake[]): Source => ({
  file,
  content: undefined,
  mistakes,
  place: () => undefined,
});

/** The node at a path; the deepest one on the way there if it ends early. */
function nodeAt(root: Node | null, path: KeyPath, of: 'key' | 'value'): Node | null {
  let node = root;
  for (const [at, key] of path.entries()) {
    const child = childOf(node, key, of === 'key' && at === path.length - 1);
    if (child === undefined) return node;
    node = child;
  }
  return node;
}

function childOf(parent: Node | null, key: string | number, wantKey: boolean): Node | undefined {
  if (isMap(parent)) {
    const pair = parent.items.find(({ key: name }) => isScalar(name) && String(name.value) === String(key));
    const found = wantKey ? pair?.key : (pair?.value ?? pair?.key);
    return isNode(found) ? found : undefined;
  }
  if (parent !== null && 'get' in parent && typeof parent.get === 'function') {
    const found: unknown = parent.get(key, true);
    return isNode(found) ? found : undefined;
  }
  return undefined;
}
