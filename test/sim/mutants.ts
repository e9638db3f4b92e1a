// SPDX-License-Identifier: MIT
/**
 * Cores that leave out one rule of ARCHITECTURE.md ("What a maintainer must keep"), each by one change of one file: what the
 * simulation has to catch, or it shows nothing.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { makeIn } from '../fault/build.ts';
import type { FaultName } from './faults.ts';
import { buildFolder } from './native.ts';
import { runSeeds, type SimResult, type SimSettings } from './seeds.ts';

export interface Mutant {
  readonly name: string;
  /** Of the original design, as comments in the core name it. */
  readonly rule: number;
  /** What it does. */
  readonly says: string;
  /** Below core-kmod/. */
  readonly file: string;
  /** Texts, each of which occurs once, and what is there instead. */
  readonly edits: readonly (readonly [find: string, replace: string])[];
  /** What the oracle says of it. */
  readonly shows: RegExp;
  /** Only these go wrong, where others would hide it. */
  readonly faults?: readonly FaultName[];
}

/** A process that is to die in a call does it here. */
const DIES_HERE = '{ extern void m3_sim_spot(void); m3_sim_spot(); }';

export const MUTANTS: readonly Mutant[] = [
  {
    ...{ name: 'notification-lane', rule: 1 },
    says: 'notifications take another lane than messages',
    file: 'core/queue.c',
    edits: [
      [
        'lane = m3_lane_d(t, peer, b->record.src);',
        'lane = b->record.kind == M3_REC_NOTIFY ? M3_LANE_NORMAL : M3_LANE_URGENT;',
      ],
    ],
    shows: /has passed a notification/,
  },
  {
    ...{ name: 'notified-sendrec', rule: 1 },
    says: 'a notification ends a sendrec',
    file: 'core/notify.c',
    edits: [['if (s->op == M3_OP_RECEIVE && m3_willing', 'if (s->op != M3_OP_RCVRQST && m3_willing']],
    shows: /ended with a notification/,
  },
  {
    ...{ name: 'number-after-effect', rule: 3 },
    says: 'put commits what a record does before its number',
    file: 'core/put.c',
    edits: [
      [
        'm3_record_put_d(t, node, h->lane, &in);',
        `m3_record_put_d(t, node, h->lane, &in); m3_commit(r); ${DIES_HERE}`,
      ],
    ],
    shows: /came once more than it was sent/,
    faults: ['crashProxy'],
  },
  {
    ...{ name: 'number-before-entry', rule: 3 },
    says: 'take commits that a record has left its queue before it has its number',
    file: 'core/take.c',
    edits: [
      ['m3_told_d(t, peer, &e->record);', `m3_told_d(t, peer, &e->record); m3_commit(r); ${DIES_HERE}`],
    ],
    shows: /waits for ever|no notification/,
    faults: ['crashProxy'],
  },
  {
    ...{ name: 'void-not-sent', rule: 4 },
    says: 'a record whose owner is gone is not sent any more, nor is its number',
    file: 'core/take.c',
    edits: [['rec.flags = 0;', 'return 0;']],
    shows: /waits for ever/,
  },
  {
    ...{ name: 'last-words', rule: 5 },
    says: 'what an endpoint has said, and has not left yet, ends with it',
    file: 'core/unbind.c',
    edits: [
      [
        '\tnotifications_die(t, i);\n\tnotifications_clear(t, i);',
        `
	for (j = 0; j < m3_blocks(r); j++)
		if (*m3_block_state(r, j) == M3_BLOCK_QUEUED &&
		    m3_block(r, j)->record.src == m3_endpoint_of(r, i))
			m3_block_unqueue_d(t, j);
	m3_commit(r);
	notifications_die(t, i);
	notifications_clear(t, i);`,
      ],
    ],
    shows: /waits for ever/,
  },
  {
    ...{ name: 'ended-dc', rule: 6 },
    says: 'calls to a DC that has ended at the peer go on waiting',
    file: 'core/peer.c',
    edits: [['m3_peer_lost(t, node);\n\t\tm3_peer_disconnect', '{}\n\t\tm3_peer_disconnect']],
    shows: /waits for a DC that has ended/,
    faults: ['endDc'],
  },
  {
    ...{ name: 'any-call', rule: 7 },
    says: 'an answer ends whatever call its destination waits in',
    file: 'core/record.c',
    edits: [['to->call != rec->call || ', '']],
    shows: /ended with the answer to call/,
    faults: ['slow', 'stopEndpoint', 'stopProxy'],
  },
  {
    ...{ name: 'same-incarnation', rule: 10 },
    says: 'a core goes on with the numbers that it had of a lost one',
    file: 'core/peer.c',
    edits: [['m3_peer_lost(t, node);\n\tif (p->incarnation && mine', '{}\n\tif (p->incarnation && mine']],
    shows: /waits for ever/,
    faults: ['restartCore', 'restartDc'],
  },
];

export interface Catch {
  readonly mutant: string;
  readonly rule: number;
  readonly says: string;
  readonly caught: SimResult['caught'];
}

/** Whether a mutant is caught within so many seeds. */
export async function catchMutant(
  mutant: Mutant,
  settings: Omit<SimSettings, 'addon' | 'faults' | 'until'>,
): Promise<Catch> {
  const addon = buildMutant(mutant);
  const { caught } = await runSeeds({ ...settings, addon, faults: mutant.faults, until: mutant.shows });
  return { mutant: mutant.name, rule: mutant.rule, says: mutant.says, caught };
}

/** Compiles it; its addon. Throws where a text to replace does not occur once: then the rule has moved. */
function buildMutant({ name, file, edits }: Mutant): string {
  let source = readFileSync(join(packageRoot(), 'core-kmod', file), 'utf8');
  for (const [find, replace] of edits) {
    const parts = source.split(find);
    if (parts.length !== 2) throw new Error(`mutant ${name}: ${file} has ${parts.length - 1} times: ${find}`);
    source = parts.join(replace);
  }
  const path = join(buildFolder(), 'mutants', name, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, source);
  makeIn('sim', `MUTANT=${name}`, `FILES=${file}`);
  return join(buildFolder(), 'mutants', `${name}.node`);
}
