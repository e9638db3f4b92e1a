// SPDX-License-Identifier: MIT
/** Round trips, cut where they pass from one part to the next. The pieces of one add up to it exactly. */
import { type Spread, spreadOf } from '../statistics.ts';
import type { In, Marks, Moment, Out } from './marks.ts';

/** What a client knows of one of its calls; the server's moments came with the reply. */
export interface Call {
  readonly called: Moment;
  readonly received: Moment;
  readonly replied: Moment;
  readonly returned: Moment;
}

/** From client to server, and back. */
export const HOPS = [
  { name: 'client: call in the core, bell, wake-up of proxy 1', part: 'core' },
  { name: 'proxy 1: take', part: 'take' },
  { name: 'proxy 1: codecs out', part: 'codecs' },
  { name: 'link: send, network, wake-up of proxy 2', part: 'transport' },
  { name: 'proxy 2: codecs in', part: 'codecs' },
  { name: 'proxy 2: put, wake-up of the server', part: 'put' },
  { name: 'server', part: 'server' },
  { name: 'server: reply in the core, bell, wake-up of proxy 2', part: 'core' },
  { name: 'proxy 2: take', part: 'take' },
  { name: 'proxy 2: codecs out', part: 'codecs' },
  { name: 'link: send, network, wake-up of proxy 1', part: 'transport' },
  { name: 'proxy 1: codecs in', part: 'codecs' },
  { name: 'proxy 1: put, wake-up of the client', part: 'put' },
] as const;

export type Part = (typeof HOPS)[number]['part'];

/** us of each hop of one round trip, in order. */
export type Cut = readonly number[];

const US_PER_MS = 1000;

/**
 * Of each call what its two frames passed. Calls whose frames are not the only ones between their ends (another record went
 * with them, or a replay) are left out.
 */
export function cutsOf(calls: readonly Call[], one: Marks, two: Marks): Cut[] {
  const [out1, in1, out2, in2] = [follow(one.out), follow(one.in), follow(two.out), follow(two.in)];
  return calls.flatMap((call) => {
    const { called, received, replied, returned } = call;
    const request = out1((of) => of.take, called, returned);
    const arrival = in2((of) => of.arrived, called, returned);
    const reply = out2((of) => of.take, called, returned);
    const answer = in1((of) => of.arrived, called, returned);
    if (!request || !arrival || !reply || !answer) return [];
    return [
      differences([
        ...[
          called,
          request.take,
          request.taken,
          request.send,
          arrival.arrived,
          arrival.put,
          received,
          replied,
        ],
        ...[reply.take, reply.taken, reply.send, answer.arrived, answer.put, returned],
      ]),
    ];
  });
}

function differences(moments: readonly Moment[]): Cut {
  return moments.slice(1).map((moment, at) => (moment - (moments[at] ?? Number.NaN)) * US_PER_MS);
}

/** The only entry between two moments, which never go back; undefined if there is none, or several. */
function follow<One extends In | Out>(all: readonly One[]) {
  let at = 0;
  return (momentOf: (one: One) => Moment, from: Moment, to: Moment): One | undefined => {
    const isBefore = (moment: Moment): boolean => {
      const one = all[at];
      return one !== undefined && momentOf(one) < moment;
    };
    while (isBefore(from)) at++;
    const first = at;
    while (isBefore(to)) at++;
    return at === first + 1 ? all[first] : undefined;
  };
}

/** Slower calls than so many are left out of means: a process that had to wait for a processor says nothing of a hop. */
const KEPT = 0.9;

/** Of one repetition: what a hop takes on average, so that they add up; and the median of its round trips. */
export interface HopSample {
  /** Of the fastest nine tenths of the calls. */
  readonly meanUs: readonly number[];
  readonly p50Us: readonly number[];
  readonly totalP50Us: number;
  /** Of these calls. */
  readonly cut: number;
  readonly calls: number;
}

export function sampleOf(cuts: readonly Cut[], calls: number): HopSample {
  if (cuts.length === 0) throw new Error('no call was seen at all doors');
  const of = (hop: number): number[] => cuts.map((cut) => cut[hop] ?? Number.NaN);
  const total = (cut: Cut): number => cut.reduce((sum, each) => sum + each, 0);
  const kept = [...cuts].sort((a, b) => total(a) - total(b)).slice(0, Math.ceil(cuts.length * KEPT));
  return {
    meanUs: HOPS.map((_, hop) => kept.reduce((sum, cut) => sum + (cut[hop] ?? 0), 0) / kept.length),
    p50Us: HOPS.map((_, hop) => spreadOf(of(hop)).median),
    totalP50Us: spreadOf(cuts.map(total)).median,
    ...{ cut: cuts.length, calls },
  };
}

export interface HopResult {
  readonly chain: string;
  readonly hop: string;
  readonly part: Part;
  readonly meanUs: Spread;
  readonly p50Us: Spread;
  /** Of the whole, by means. */
  readonly share: number;
}

export function hopsOf(chain: string, samples: readonly HopSample[]): HopResult[] {
  const means = HOPS.map((_, hop) => spreadOf(samples.map(({ meanUs }) => meanUs[hop] ?? Number.NaN)));
  const whole = means.reduce((sum, { median }) => sum + median, 0);
  return HOPS.map(({ name, part }, hop) => {
    const meanUs = means[hop] ?? { median: Number.NaN, min: Number.NaN, max: Number.NaN };
    const p50Us = spreadOf(samples.map((sample) => sample.p50Us[hop] ?? Number.NaN));
    return { chain, hop: name, part, meanUs, p50Us, share: meanUs.median / whole };
  });
}
