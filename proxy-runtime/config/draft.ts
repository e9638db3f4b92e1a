// SPDX-License-Identifier: MIT
/**
 * What can be used of a file that may have mistakes: each value that its own schema accepts. The rules run on a draft, so
 * that one mistyped key does not hide every other mistake.
 */
import * as v from 'valibot';
import { DcSchema } from './dc-schema.ts';
import { didYouMean, type KeyPath, keyText, type Mistake, valueText } from './mistake.ts';
import { type CodecEntry, CodecSchema, ConfigSchema, PeerSchema } from './schema.ts';
import type { Source } from './source.ts';

type Salvaged<E extends v.ObjectEntries> = { readonly [K in keyof E]?: v.InferOutput<E[K]> };

export interface Draft {
  readonly top: Salvaged<typeof ConfigSchema.entries>;
  readonly dcs: readonly Salvaged<typeof DcSchema.entries>[];
  readonly peers: readonly DraftPeer[];
  readonly codecs: readonly (CodecEntry | undefined)[];
}

export interface DraftPeer {
  readonly fields: Salvaged<typeof PeerSchema.entries>;
  /** Undefined: the common list. */
  readonly codecs: readonly (CodecEntry | undefined)[] | undefined;
}

export function draftOf(content: unknown): Draft {
  return {
    top: salvage(ConfigSchema.entries, content),
    dcs: listAt(content, 'dcs').map((dc) => salvage(DcSchema.entries, dc)),
    peers: listAt(content, 'peers').map((peer) => ({
      fields: salvage(PeerSchema.entries, peer),
      codecs: property(peer, 'codecs') === undefined ? undefined : entries(peer),
    })),
    codecs: entries(content),
  };
}

function salvage<E extends v.ObjectEntries>(schemas: E, value: unknown): Salvaged<E> {
  const accepted = Object.entries(schemas).flatMap(([key, schema]) => {
    const result = v.safeParse(schema as v.GenericSchema, property(value, key));
    return result.success ? [[key, result.output]] : [];
  });
  return Object.fromEntries(accepted);
}

const entries = (value: unknown): (CodecEntry | undefined)[] =>
  listAt(value, 'codecs').map((entry) => {
    const result = v.safeParse(CodecSchema, entry);
    return result.success ? result.output : undefined;
  });

function listAt(value: unknown, key: string): unknown[] {
  const found = property(value, key);
  return Array.isArray(found) ? found : [];
}

const property = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;

export interface Details {
  readonly value?: unknown;
  readonly allowed?: string | undefined;
  readonly remedy: string;
  /** What the place points at; the value if not given. */
  readonly of?: 'key' | 'value';
}

/** Notes a mistake at a path of the file. */
export type Report = (path: KeyPath, problem: string, details: Details) => void;

export const reporter =
  (source: Source, into: Mistake[]): Report =>
  (path, problem, { value, allowed, remedy, of = 'value' }) => {
    const shown = valueText(value);
    into.push({
      file: source.file,
      ...source.place(path, of),
      key: keyText(path),
      problem,
      ...(shown === undefined ? {} : { value: shown }),
      ...(allowed === undefined ? {} : { allowed }),
      remedy,
    });
  };

/** Reports all that the schema refuses, one mistake for each place. */
export function checkShape(content: unknown, report: Report): void {
  const result = v.safeParse(ConfigSchema, content);
  const told = new Set<string>();
  for (const issue of (result.issues ?? []).flatMap((found) => innermost(found, []))) {
    const key = keyText(issue.path);
    if (!told.has(key)) reportIssue(issue, report);
    told.add(key);
  }
}

interface PlacedIssue {
  readonly issue: v.BaseIssue<unknown>;
  readonly path: KeyPath;
}

/** A union's issue is replaced by those of the alternatives that fit but for something inside. */
function innermost(issue: v.BaseIssue<unknown>, above: KeyPath): PlacedIssue[] {
  const path = [...above, ...(issue.path ?? []).map(({ key }) => key as string | number)];
  const inside = (issue.issues ?? []).filter((inner) => inner.path !== undefined);
  return inside.length === 0 ? [{ issue, path }] : inside.flatMap((inner) => innermost(inner, path));
}

function reportIssue({ issue, path }: PlacedIssue, report: Report): void {
  const key = path.at(-1);
  if (issue.type === 'never') reportUnknown(path, issue.input, report);
  else if (issue.path?.at(-1)?.origin === 'key') {
    const child = v.safeParse(schemaAt(path) as v.GenericSchema, undefined);
    const allowed = child.issues?.[0].message;
    report(path, 'it is missing', { allowed, remedy: `add \`${key}\``, of: 'key' });
  } else {
    const remedy = typeof key === 'string' ? `correct \`${key}\`` : 'correct it';
    const problem = issue.kind === 'schema' ? `wrong type: ${typeName(issue.input)}` : 'wrong value';
    report(path, problem, { value: issue.input, allowed: issue.message, remedy });
  }
}

function reportUnknown(path: KeyPath, value: unknown, report: Report): void {
  const known = Object.keys(schemaAt(path.slice(0, -1)).entries ?? {}).filter((key) => key !== '$schema');
  const meant = didYouMean(String(path.at(-1)), known);
  const problem = meant === undefined ? 'unknown key' : `unknown key; did you mean "${meant}"?`;
  const remedy = meant === undefined ? 'remove it' : `rename it to \`${meant}\`, or remove it`;
  report(path, problem, { value, allowed: known.join(', '), remedy, of: 'key' });
}

/** The parts of valibot's schemas that lead from one to the next. */
interface SchemaNode {
  readonly wrapped?: SchemaNode;
  readonly item?: SchemaNode;
  readonly entries?: Readonly<Record<string, SchemaNode>>;
}

function schemaAt(path: KeyPath): SchemaNode {
  let node: SchemaNode = ConfigSchema as unknown as SchemaNode;
  for (const key of path) {
    node = (typeof key === 'number' ? node.item : node.entries?.[key]) ?? {};
    while (node.wrapped !== undefined) node = node.wrapped;
  }
  return node;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return `a ${typeof value}`;
}
