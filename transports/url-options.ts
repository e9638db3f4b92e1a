// SPDX-License-Identifier: MIT
/** Options of an address, behind its `?`: `tcp://host:7000?userTimeout=20s`. */

/** One option: what its text means, or undefined; and what is allowed, for messages. */
export interface UrlOption {
  readonly allowed: string;
  parse(text: string): number | undefined;
}

const UNITS_US = { us: 1, ms: 1000, s: 1_000_000 } as const;
const RATES = { kbps: 1e3, Mbps: 1e6, Gbps: 1e9 } as const;

/** A time with its unit, in microseconds: `2us`, `1.5ms`, `20s`. */
export function duration(minUs: number, maxUs: number): UrlOption {
  return {
    allowed: `a time from ${timeText(minUs)} to ${timeText(maxUs)}, such as 20s, 1.5ms or 2us`,
    parse(text) {
      const [, number, unit] = /^(\d{1,9}(?:\.\d{1,6})?)(us|ms|s)$/.exec(text) ?? [];
      if (number === undefined) return undefined;
      const us = Number(number) * UNITS_US[unit as keyof typeof UNITS_US];
      return us >= minUs && us <= maxUs ? us : undefined;
    },
  };
}

/** A data rate in bits per second, by decimal units: `100Mbps`, `2.5Gbps`. */
export function rate(min: number, max: number): UrlOption {
  return {
    allowed: `a rate from ${min / RATES.Mbps}Mbps to ${max / RATES.Gbps}Gbps, such as 100Gbps`,
    parse(text) {
      const [, number, unit] = /^(\d{1,6}(?:\.\d{1,6})?)(kbps|Mbps|Gbps)$/.exec(text) ?? [];
      if (number === undefined) return undefined;
      const bits = Number(number) * RATES[unit as keyof typeof RATES];
      return bits >= min && bits <= max ? bits : undefined;
    },
  };
}

function timeText(us: number): string {
  if (us % UNITS_US.s === 0) return `${us / UNITS_US.s}s`;
  return us % UNITS_US.ms === 0 ? `${us / UNITS_US.ms}ms` : `${us}us`;
}

/** What is wrong with the options, in words; undefined if nothing is. Names each at most once. */
export function optionMistake(url: URL, known: Readonly<Record<string, UrlOption>>): string | undefined {
  const seen = new Set<string>();
  for (const [name, text] of url.searchParams) {
    const option = Object.hasOwn(known, name) ? known[name] : undefined;
    if (option === undefined) {
      return `it has an unknown option ${name}; known: ${Object.keys(known).join(', ') || 'none'}`;
    }
    if (seen.has(name)) return `it has the option ${name} twice`;
    if (option.parse(text) === undefined)
      return `its option ${name} is "${text}"; allowed: ${option.allowed}`;
    seen.add(name);
  }
  return undefined;
}

/** The value of an option; undefined if it is not given. The URL has no {@link optionMistake}. */
export function optionOf(url: URL, name: string, option: UrlOption): number | undefined {
  const text = url.searchParams.get(name);
  return text === null ? undefined : option.parse(text);
}
