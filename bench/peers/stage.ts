// SPDX-License-Identifier: MIT
/** Two nodes, and all contenders that can run here, opened side by side. */
import { openTwoNodes } from '../../test/system/rig/two-nodes.ts';
import { chosen, clearedUp } from '../interleave.ts';
import type { Report, Settings } from '../scenario.ts';
import { CONTENDERS, type Contender, type ContenderName } from './contender.ts';
import { installPeers } from './install.ts';
import { SERVER } from './layout.ts';
import type { Opened, Stage } from './open.ts';

/** As on two machines: what is on node 1, and what is on node 2. */
export const CPUS = [0, 1] as const;

/** Why some are not measured. */
export type Missing = Readonly<Partial<Record<ContenderName, string>>>;

export interface Contenders {
  readonly stage: Stage;
  readonly opened: ReadonlyMap<ContenderName, Opened>;
  readonly missing: Missing;
  /** Versions of their packages. */
  readonly packages: Readonly<Record<string, string>>;
}

/** @param names of which those that were asked for are opened; gone when `work` is done. */
export async function openContenders(
  settings: Settings,
  names: readonly ContenderName[],
  work: (contenders: Contenders) => Promise<Report>,
): Promise<Report> {
  const wanted = chosen(settings.only, names);
  const { missing, packages } = await prepare(wanted, settings.progress);
  for (const [name, why] of Object.entries(missing)) settings.progress.line(`${name}: ${why}`);
  const cpus = settings.pin ? CPUS : undefined;
  const servers = [[], Object.values(SERVER)] as const;
  const nodes = await openTwoNodes({ codecs: settings.codecs, servers, cpus });
  const opened = new Map<ContenderName, Opened>();
  const clear = async (): Promise<void> => {
    await Promise.all([...opened.values()].map((one) => one.close()));
    await nodes.clear();
  };
  const stage = { nodes, cpus };
  return clearedUp(clear, async () => {
    for (const name of wanted.filter((one) => missing[one] === undefined))
      opened.set(name, await CONTENDERS[name].open(stage));
    return work({ stage, opened, missing, packages });
  });
}

/** Installs packages, and asks who can run here. */
async function prepare(
  wanted: readonly ContenderName[],
  progress: Settings['progress'],
): Promise<{ missing: Missing; packages: Readonly<Record<string, string>> }> {
  const packageOf = (name: ContenderName): string | undefined => (CONTENDERS[name] as Contender).package;
  const installed = await installPeers(
    wanted.flatMap((name) => packageOf(name) ?? []),
    progress.line,
  );
  const missing: Partial<Record<ContenderName, string>> = {};
  const packages: Record<string, string> = {};
  for (const name of wanted) {
    const found = installed[packageOf(name) ?? ''];
    if (found !== undefined && 'version' in found) packages[name] = found.version;
    const why = found !== undefined && 'missing' in found ? found.missing : undefined;
    const lacks = why ?? (CONTENDERS[name] as Contender).missing?.();
    if (lacks !== undefined) missing[name] = lacks;
  }
  return { missing, packages };
}
