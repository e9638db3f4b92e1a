// SPDX-License-Identifier: MIT
/** `m3ipc kit <module>`: the contract suite on somebody's own transport or codec, clause by clause. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Clause } from '../../test/contract/clause.ts';
import { codecContract } from '../../test/contract/codec.ts';
import { transportContract } from '../../test/contract/transport.ts';
import { loadPlugIn } from '../config/plug-in.ts';
import type { CodecFactory, Transport } from '../contract.ts';
import { ProxyError } from '../errors.ts';
import { watchClauses } from './kit-watch.ts';
import { EXIT_FAILURE, printJson, printText } from './output.ts';

/** For which a clause may hold the event loop. */
const BUSY_MS = 20_000;

interface Options {
  readonly options: Readonly<Record<string, unknown>>;
  readonly json?: boolean;
}

interface Suite {
  readonly kind: 'transport' | 'codec';
  readonly name: string;
  readonly clauses: readonly Clause[];
}

interface Verdict {
  readonly clause: string;
  readonly passed: boolean;
  readonly error?: string;
}

async function action(path: string, { options, json = false }: Options): Promise<void> {
  const { kind, name, clauses } = await suiteOf(path, options);
  if (!json) printText(`${kind} ${name}: ${clauses.length} clauses`);
  const verdicts: Verdict[] = [];
  const watch = watchClauses(
    clauses.map((clause) => clause.name),
    BUSY_MS,
  );
  for (const [number, clause] of clauses.entries()) {
    watch.begin(number);
    const verdict = await judge(clause);
    verdicts.push(verdict);
    if (!json) printText(verdictText(verdict));
  }
  await watch.end();
  const passed = verdicts.filter((verdict) => verdict.passed).length;
  const failed = verdicts.length - passed;
  if (json) printJson({ kind, name, passed, failed, clauses: verdicts });
  else printText(`${passed} passed, ${failed} failed`);
  // What a failed clause has left running must not keep this process.
  if (failed > 0) await exit(EXIT_FAILURE);
}

async function suiteOf(path: string, options: Options['options']): Promise<Suite> {
  const plugIn = await loadPlugIn(path, process.cwd()).catch((error: ProxyError) => {
    throw new ProxyError(error.code, `${path}: ${error.message}`, { cause: error });
  });
  return plugIn.kind === 'codec' ? codecSuite(plugIn.factory, options) : transportSuite(plugIn.transport);
}

function codecSuite(factory: CodecFactory, options: Options['options']): Suite {
  const { id } = factory(options);
  return { kind: 'codec', name: id, clauses: codecContract(() => factory(options)) };
}

function transportSuite(transport: Transport): Suite {
  const missing = transport.missing();
  if (missing !== undefined) throw new ProxyError('M3_UNAVAILABLE', `${transport.scheme}: ${missing}`);
  return { kind: 'transport', name: transport.scheme, clauses: transportContract(transport) };
}

/** What is thrown where nobody catches it, such as in a callback of a socket, is the clause's failure too. */
async function judge({ name, run }: Clause): Promise<Verdict> {
  let onEscape: (error: unknown) => void = () => undefined;
  const escaped = new Promise<never>((_, reject) => {
    onEscape = reject;
  });
  process.on('uncaughtException', onEscape);
  try {
    await Promise.race([run(), escaped]);
    return { clause: name, passed: true };
  } catch (error) {
    return { clause: name, passed: false, error: error instanceof Error ? error.message : String(error) };
  } finally {
    process.off('uncaughtException', onEscape);
  }
}

function verdictText({ clause, passed, error = '' }: Verdict): string {
  if (passed) return `pass  ${clause}`;
  return [
    `FAIL  ${clause}`,
    ...error
      .trimEnd()
      .split('\n')
      .map((line) => `      ${line}`),
  ].join('\n');
}

/** When all that was printed has been taken. */
function exit(code: number): Promise<never> {
  return new Promise(() => process.stdout.write('', () => process.exit(code)));
}

function parseOptions(text: string): Options['options'] {
  const allowed = 'allowed: a JSON object, such as {"minBytes":512}';
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Told below.
  }
  throw new InvalidArgumentError(allowed);
}

export const registerKit = (program: Command): void => {
  program
    .command('kit')
    .description('the contract suite on a transport or codec of your own; pass or fail for each clause')
    .argument('<module>', 'a .js or .mjs file whose default export is a Transport or a CodecFactory')
    .option('--options <json>', "a codec's options", parseOptions, {})
    .option('--json', 'print one JSON object')
    .action(action);
};
