// SPDX-License-Identifier: MIT
/** Lists of codecs in a configuration, made and checked as the pipelines that they will be. */
import type { Codec, CodecFactory } from '../contract.ts';
import type { Report } from './draft.ts';
import { didYouMean, type KeyPath } from './mistake.ts';
import { loadCodecFactory } from './plug-in.ts';
import type { CodecEntry } from './schema.ts';

export type CodecTable = Readonly<Record<string, CodecFactory>>;

/** Throws M3_CONFIG when these codecs cannot follow each other, or ask for more room than a frame has. */
export type PipelineCheck = (codecs: readonly Codec[], framing: number) => void;

export interface ChainTools {
  readonly codecs: CodecTable;
  readonly checkPipeline: PipelineCheck;
  /** Directory at which module paths start. */
  readonly base: string;
  readonly report: Report;
}

/** The codecs of a link. */
export interface Chain {
  /** Fresh ones. */
  make(): readonly Codec[];
  /** What each is made with. */
  readonly options: readonly CodecOptions[];
}

export type CodecOptions = Readonly<Record<string, unknown>>;

interface Stage {
  readonly options: CodecOptions;
  make(): Codec;
}

/** `framing`: the largest of the transports that this list is used with. Undefined, and reported, if it is wrong. */
export async function chainOf(
  entries: readonly (CodecEntry | undefined)[],
  path: KeyPath,
  framing: number,
  tools: ChainTools,
): Promise<Chain | undefined> {
  const stages: (Stage | undefined)[] = [];
  for (const [at, entry] of entries.entries()) {
    stages.push(entry === undefined ? undefined : await stageOf(entry, [...path, at], tools));
  }
  const complete = stages.filter((stage) => stage !== undefined);
  if (complete.length < entries.length) return undefined;
  const make = () => complete.map((stage) => stage.make());
  const codecs = make();
  try {
    tools.checkPipeline(codecs, framing);
    return { make, options: complete.map(({ options }) => options) };
  } catch (error) {
    const ids = codecs.map(({ id }) => id);
    const legal = inLegalOrder(codecs);
    tools.report(path, (error as Error).message, {
      value: ids,
      allowed: 'records codecs first, then bytes codecs, each once, within the room of a frame',
      remedy:
        legal.join() === ids.join()
          ? 'change the options or the choice; do the same on the peer'
          : `write [${legal.join(', ')}], on the peer too`,
    });
    return undefined;
  }
}

/** Each level in the order in which it was written. */
function inLegalOrder(codecs: readonly Codec[]): string[] {
  const level = (wanted: Codec['level']) => codecs.filter((codec) => codec.level === wanted);
  return [...level('records'), ...level('bytes')].map(({ id }) => id);
}

async function stageOf(entry: CodecEntry, path: KeyPath, tools: ChainTools): Promise<Stage | undefined> {
  const { id, module, ...options } = typeof entry === 'string' ? { id: entry, module: undefined } : entry;
  try {
    const factory =
      module === undefined ? knownFactory(id ?? '', path, tools) : await loadCodecFactory(module, tools.base);
    factory?.(options);
    return factory === undefined ? undefined : { options, make: () => factory(options) };
  } catch (error) {
    const remedy = module === undefined ? `correct the options of "${id}"` : 'correct the path or the file';
    tools.report(path, (error as Error).message, { value: entry, remedy });
    return undefined;
  }
}

function knownFactory(id: string, path: KeyPath, { codecs, report }: ChainTools): CodecFactory | undefined {
  if (Object.hasOwn(codecs, id)) return codecs[id];
  const known = Object.keys(codecs);
  const meant = didYouMean(id, known);
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  report(path, `unknown codec "${id}"${hint}`, {
    value: id,
    allowed: known.join(', '),
    remedy: 'use a known codec, or name the file of yours: { module: ./my-codec.mjs }',
  });
  return undefined;
}
