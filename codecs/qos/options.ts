// SPDX-License-Identifier: MIT
/** What a configuration says of qos, and what it comes to. */
import * as v from 'valibot';
import { FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { dcId, type EndpointRange, endpointList } from '../match.ts';
import { codecOptions, wholeNumber } from '../options.ts';

const rate = v.optional(wholeNumber(1, 1e12));

/** Of the link, a DC or a class, on the way to this peer. */
const LIMITS = {
  bytesPerSecond: rate,
  messagesPerSecond: rate,
  /** What may pass at once after a pause. Default: a tenth of a second's. */
  burstBytes: v.optional(wholeNumber(1, 1e12, 'bytes')),
  burstMessages: rate,
};

const weight = wholeNumber(1, 1000);
const NAME = 'a name of at most 24 small letters, digits and _';
const LANES = ['urgent', 'normal', 'bulk'] as const;
const CLASS = 'a mapping with name and dc, and endpoints, lane, rates or bursts';
const DC = 'a mapping with dc, and weight, rates or bursts';

const OPTIONS = {
  /** Shares of the lanes while each has something to send. */
  weights: v.optional(
    v.strictObject(
      { urgent: v.optional(weight, 8), normal: v.optional(weight, 4), bulk: v.optional(weight, 1) },
      'a mapping with urgent, normal or bulk',
    ),
    {},
  ),
  /** Of all that goes to the peer. A little below what the line carries, queues are in the core and not in the line. */
  link: v.optional(v.strictObject(LIMITS, 'a mapping with rates or bursts')),
  dcs: v.optional(
    v.array(
      v.strictObject({ dc: dcId, weight: v.optional(weight, 1), ...LIMITS }, DC),
      `a list; each is ${DC}`,
    ),
    [],
  ),
  classes: v.optional(
    v.array(
      v.strictObject(
        {
          name: v.pipe(v.string(NAME), v.regex(/^[a-z][a-z0-9_]{0,23}$/, NAME)),
          dc: dcId,
          /** Sources of the records. Default: those of no class before it. */
          endpoints: v.optional(endpointList),
          lane: v.optional(v.picklist(LANES, `one of ${LANES.join(', ')}`), 'normal'),
          ...LIMITS,
        },
        CLASS,
      ),
      `a list; each is ${CLASS}`,
    ),
    [],
  ),
};

export type QosOptions = ReturnType<typeof qosOptions>;
export type ClassOptions = QosOptions['classes'][number];
export type Limits = NonNullable<QosOptions['link']>;

/** Throws M3_CONFIG for what cannot be, naming it. */
export function qosOptions(options: Readonly<Record<string, unknown>>) {
  const read = codecOptions('qos', OPTIONS, options);
  differ(read.dcs.map(({ dc }) => `dc ${dc}`));
  differ(read.classes.map(({ name }) => `class ${name}`));
  for (const one of [read.link ?? {}, ...read.dcs, ...read.classes]) checkBursts(one);
  for (const [at, one] of read.classes.entries()) checkClass(one, read.classes.slice(0, at));
  return read;
}

const wrong = (what: string): ProxyError => new ProxyError('M3_CONFIG', `codec "qos": ${what}`);

function differ(names: readonly string[]): void {
  const again = names.find((name, at) => names.indexOf(name) < at);
  if (again !== undefined) throw wrong(`${again} stands in the list twice`);
}

function checkBursts(one: Limits): void {
  if (one.burstBytes !== undefined && one.bytesPerSecond === undefined) {
    throw wrong('"burstBytes" means nothing without "bytesPerSecond"');
  }
  if (one.burstMessages !== undefined && one.messagesPerSecond === undefined) {
    throw wrong('"burstMessages" means nothing without "messagesPerSecond"');
  }
}

function checkClass(one: ClassOptions, before: readonly ClassOptions[]): void {
  const { name, dc, lane, endpoints } = one;
  if (lane === 'urgent' && endpoints === undefined) {
    throw wrong(`class ${name} is urgent and must say whose records are: name its "endpoints"`);
  }
  if (lane === 'bulk') return;
  const other = before.find(
    (earlier) =>
      earlier.dc === dc && earlier.lane !== 'bulk' && earlier.lane !== lane && overlap(earlier, one),
  );
  if (other === undefined) return;
  throw wrong(`classes ${other.name} and ${name} put an endpoint of DC ${dc} in two lanes`);
}

const overlap = ({ endpoints: some = [] }: ClassOptions, { endpoints: others = [] }: ClassOptions): boolean =>
  some.some((a: EndpointRange) => others.some((b: EndpointRange) => a.first <= b.last && b.first <= a.last));

const BURST_SECONDS = 0.1;

/** At least a frame: less would only make pauses shorter and more of them. */
export const burstBytes = ({ burstBytes, bytesPerSecond = 0 }: Limits): number =>
  burstBytes ?? Math.max(FRAME_BYTES, bytesPerSecond * BURST_SECONDS);

export const burstMessages = ({ burstMessages, messagesPerSecond = 0 }: Limits): number =>
  burstMessages ?? Math.max(1, messagesPerSecond * BURST_SECONDS);
