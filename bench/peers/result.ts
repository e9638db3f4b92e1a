// SPDX-License-Identifier: MIT
/** What the samples of all repetitions come to, for programs and for people. */
import { tableText } from '../../proxy-runtime/cli/table.ts';
import type { Latency } from '../closed-loop.ts';
import type { Conditions } from '../conditions.ts';
import { type Spread, spreadOf } from '../statistics.ts';

export interface Sample extends Latency {
  /** Between the proxies, both ways, acknowledgements included; null without proxies. */
  readonly framesPerRoundTrip: number | null;
}

/** One contender with so many calls outstanding; a sample of each repetition, in order. */
export interface Measured {
  readonly name: string;
  readonly proxied: boolean;
  readonly outstanding: number;
  readonly samples: readonly Sample[];
}

export interface Result {
  readonly contender: string;
  readonly outstanding: number;
  readonly p50Us: Spread;
  readonly p90Us: Spread;
  readonly p99Us: Spread;
  readonly maxUs: Spread;
  readonly roundTripsPerSecond: Spread;
  readonly framesPerRoundTrip: Spread | null;
}

/** Of two samples of the same repetition: of `contender`, divided by that of `beside`. */
export interface Ratio {
  readonly contender: string;
  readonly beside: string;
  readonly outstanding: number;
  readonly p50: Spread;
  readonly p99: Spread;
  readonly roundTripsPerSecond: Spread;
}

export function resultsOf(measured: readonly Measured[]): Result[] {
  return measured.map(({ name, outstanding, samples }) => {
    const spread = (key: keyof Latency): Spread => spreadOf(samples.map((sample) => sample[key]));
    const frames = samples.flatMap(({ framesPerRoundTrip }) => framesPerRoundTrip ?? []);
    return {
      ...{ contender: name, outstanding },
      ...{ p50Us: spread('p50Us'), p90Us: spread('p90Us'), p99Us: spread('p99Us'), maxUs: spread('maxUs') },
      roundTripsPerSecond: spread('roundTripsPerSecond'),
      framesPerRoundTrip: frames.length > 0 ? spreadOf(frames) : null,
    };
  });
}

/** Whatever goes through proxies beside whatever does not. */
export function ratiosOf(measured: readonly Measured[]): Ratio[] {
  return measured
    .filter(({ proxied }) => proxied)
    .flatMap((one) =>
      measured
        .filter(({ proxied, outstanding }) => !proxied && outstanding === one.outstanding)
        .map((other) => ratio(one, other)),
    );
}

function ratio(one: Measured, other: Measured): Ratio {
  const spread = (key: keyof Latency): Spread =>
    spreadOf(one.samples.map((sample, at) => sample[key] / (other.samples[at]?.[key] ?? Number.NaN)));
  return {
    ...{ contender: one.name, beside: other.name, outstanding: one.outstanding },
    ...{ p50: spread('p50Us'), p99: spread('p99Us'), roundTripsPerSecond: spread('roundTripsPerSecond') },
  };
}

interface Circumstances extends Conditions {
  readonly messageBytes: number;
  readonly codecs: readonly string[];
  readonly repetitions: number;
  readonly placement: unknown;
}

export function tables(
  { cores, processor, kernel, node, messageBytes, codecs, repetitions, placement }: Circumstances,
  results: readonly Result[],
  ratios: readonly Ratio[],
  missing: object,
): string {
  const where = `${cores} cores (${processor}), Linux ${kernel}, Node ${node}`;
  const how = `${messageBytes}-byte messages, codecs: ${codecs.join(', ') || 'none'}, ${repetitions} repetitions`;
  const pinned = typeof placement === 'string' ? placement : 'a core for each node';
  return [
    `${where}\n${how}, ${pinned}; medians [min - max]`,
    tableText({
      head: ['contender', 'outstanding', 'p50 us', 'p99 us', 'round trips/s', 'frames each'],
      left: ['contender'],
      rows: results.map((of) => [
        ...[of.contender, of.outstanding, text(of.p50Us, 1), text(of.p99Us, 1)],
        ...[text(of.roundTripsPerSecond, 0), of.framesPerRoundTrip?.median.toFixed(2) ?? ''],
      ]),
    }),
    tableText({
      head: ['ratio', 'outstanding', 'p50', 'p99', 'round trips/s'],
      left: ['ratio'],
      rows: ratios.map((of) => [
        ...[`${of.contender} / ${of.beside}`, of.outstanding],
        ...[of.p50, of.p99, of.roundTripsPerSecond].map((spread) => text(spread, 2)),
      ]),
    }),
    ...Object.values(missing).map((why) => `not measured: ${why}`),
  ].join('\n\n');
}

const text = ({ median, min, max }: Spread, digits: number): string =>
  `${median.toFixed(digits)} [${min.toFixed(digits)} - ${max.toFixed(digits)}]`;
