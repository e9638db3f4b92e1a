// SPDX-License-Identifier: MIT
/** What the samples of all repetitions come to, for programs and for people. */
import { tableText } from '../../proxy-runtime/cli/table.ts';
import type { Latency } from '../closed-loop.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { spreadText } from '../target.ts';
import type { ContenderName, Shape } from './contender.ts';

export interface Sample extends Latency {
  /** Between the proxies, both ways, acknowledgements included; null without proxies. */
  readonly framesPerRoundTrip: number | null;
  /** On the link, both ways, with headers. */
  readonly wireBytesPerRoundTrip: number | null;
  /** Of servers, brokers and proxies, since they began. */
  readonly peakMegabytes: number;
}

/** One contender in one shape; a sample of each repetition, in order. */
export interface Measured extends Shape {
  readonly name: ContenderName;
  readonly proxied: boolean;
  readonly samples: readonly Sample[];
}

export interface Result extends Shape {
  readonly contender: ContenderName;
  readonly p50Us: Spread;
  readonly p90Us: Spread;
  readonly p99Us: Spread;
  readonly p999Us: Spread;
  readonly maxUs: Spread;
  readonly roundTripsPerSecond: Spread;
  /** Of clients, servers, brokers and proxies together. */
  readonly cpuUsPerRoundTrip: Spread;
  readonly framesPerRoundTrip: Spread | null;
  readonly wireBytesPerRoundTrip: Spread | null;
  readonly peakMegabytes: Spread;
}

/** Of two samples of the same repetition: of `contender`, divided by that of `beside`. */
export interface Ratio extends Shape {
  readonly contender: ContenderName;
  readonly beside: ContenderName;
  readonly p50: Spread;
  readonly p99: Spread;
  readonly roundTripsPerSecond: Spread;
}

export function resultsOf(measured: readonly Measured[]): Result[] {
  return measured.map(({ name, outstanding, processes, samples }) => {
    const spread = (key: keyof Latency): Spread => spreadOf(samples.map((sample) => sample[key]));
    const proxied = (key: 'framesPerRoundTrip' | 'wireBytesPerRoundTrip'): Spread | null => {
      const values = samples.flatMap((sample) => sample[key] ?? []);
      return values.length > 0 ? spreadOf(values) : null;
    };
    return {
      ...{ contender: name, outstanding, processes },
      ...{ p50Us: spread('p50Us'), p90Us: spread('p90Us'), p99Us: spread('p99Us') },
      ...{ p999Us: spread('p999Us'), maxUs: spread('maxUs') },
      roundTripsPerSecond: spread('roundTripsPerSecond'),
      cpuUsPerRoundTrip: spread('cpuUsPerRoundTrip'),
      framesPerRoundTrip: proxied('framesPerRoundTrip'),
      wireBytesPerRoundTrip: proxied('wireBytesPerRoundTrip'),
      peakMegabytes: spreadOf(samples.map(({ peakMegabytes }) => peakMegabytes)),
    };
  });
}

/** Whatever goes through proxies beside whatever does not, in the same shape. */
export function ratiosOf(measured: readonly Measured[]): Ratio[] {
  const alike = (one: Shape, other: Shape): boolean =>
    one.outstanding === other.outstanding && one.processes === other.processes;
  return measured
    .filter(({ proxied }) => proxied)
    .flatMap((one) =>
      measured
        .filter((other) => !other.proxied && alike(one, other))
        .map((other) => ({
          ...{ contender: one.name, beside: other.name },
          ...{ outstanding: one.outstanding, processes: one.processes },
          ...{ p50: ratioOf(one, other, 'p50Us'), p99: ratioOf(one, other, 'p99Us') },
          roundTripsPerSecond: ratioOf(one, other, 'roundTripsPerSecond'),
        })),
    );
}

/** Of figures of the same repetition. */
export const ratioOf = (one: Measured, other: Measured, figure: keyof Latency): Spread =>
  spreadOf(one.samples.map((sample, at) => sample[figure] / (other.samples[at]?.[figure] ?? Number.NaN)));

interface Circumstances {
  readonly messageBytes: number;
  readonly codecs: readonly string[];
  readonly repetitions: number;
  readonly placement: unknown;
}

export function settingsText({ messageBytes, codecs, repetitions, placement }: Circumstances): string {
  const how = `${messageBytes}-byte messages, codecs: ${codecs.join(', ') || 'none'}, ${repetitions} repetitions`;
  const pinned = typeof placement === 'string' ? placement : 'a core for each node';
  return `${how}, ${pinned}; medians [min - max]`;
}

export const resultTable = (results: readonly Result[]): string =>
  tableText({
    head: [
      'contender',
      'outstanding',
      'processes',
      'p50 us',
      'p99 us',
      'round trips/s',
      'CPU us each',
      'frames each',
    ],
    left: ['contender'],
    rows: results.map((of) => [
      ...[of.contender, of.outstanding, of.processes, spreadText(of.p50Us, 1), spreadText(of.p99Us, 1)],
      ...[spreadText(of.roundTripsPerSecond, 0), of.cpuUsPerRoundTrip.median.toFixed(1)],
      of.framesPerRoundTrip?.median.toFixed(2) ?? '',
    ]),
  });

export const ratioTable = (ratios: readonly Ratio[]): string =>
  tableText({
    head: ['ratio', 'outstanding', 'processes', 'p50', 'p99', 'round trips/s'],
    left: ['ratio'],
    rows: ratios.map((of) => [
      ...[`${of.contender} / ${of.beside}`, of.outstanding, of.processes],
      ...[of.p50, of.p99, of.roundTripsPerSecond].map((spread) => spreadText(spread, 2)),
    ]),
  });
