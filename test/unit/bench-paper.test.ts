// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { type Entry, groupsOf, NAMES, PANEL_NAMES } from '../../bench/paper/panels.ts';
import { linesOf, type Measured, resultsOf } from '../../bench/paper/result.ts';

const measured = (of: Partial<Entry>, rates: readonly number[]): Measured => ({
  entry: {
    ...{ panel: 'B', contender: 'pipe', placement: 'one', pairs: 1, kind: 'copy', bytes: 1000 },
    ...{ dc: 'plain', timed: false, looks: 1, times: 1 },
    ...of,
  },
  rates,
});

it('compares in one group what has the same panel, size and number of pairs', () => {
  for (const group of groupsOf(PANEL_NAMES, NAMES)) {
    const sizes = new Set(group.map(({ kind, bytes }) => (kind === 'message' ? 'message' : bytes)));
    expect([sizes.size, new Set(group.map(({ panel, pairs }) => `${panel}${pairs}`)).size]).toEqual([1, 1]);
  }
  const remote = groupsOf(['C', 'D'], NAMES).flat();
  expect(remote.map(({ placement }) => placement).every((at) => at === 'two')).toBe(true);
  expect(groupsOf(['A'], ['pipe']).map((group) => group.length)).toEqual([2, 1, 1]);
  expect(groupsOf(['C'], ['pipe'])).toEqual([]);
});

it('takes the better placement of each, and the best of ours beside it', () => {
  const results = resultsOf([
    measured({ placement: 'one' }, [10, 10]),
    measured({ placement: 'two' }, [40, 20]),
    measured({ contender: 'm3ipc' }, [60, 60]),
    measured({ contender: 'm3ipc-bounce' }, [50, 50]),
    measured({ contender: 'm3ipc', bytes: 2000 }, [1, 1]),
  ]);
  expect(results.find(({ contender }) => contender === 'pipe')).toMatchObject({
    placement: 'two',
    roundTripsPerSecond: { median: 30 },
    megabytesPerSecond: { median: 0.03 },
    ours: { median: 2.25, min: 1.5, max: 3 },
  });
  expect(results.find(({ contender }) => contender === 'm3ipc')?.ours).toBe(null);
});

it('compares messages whatever their size, and wants the size at which it is least ahead', () => {
  const results = resultsOf([
    measured({ panel: 'A', kind: 'message', bytes: 36 }, [10]),
    measured({ panel: 'A', kind: 'message', bytes: 64, contender: 'm3ipc' }, [15]),
    ...[measured({}, [10]), measured({ contender: 'm3ipc' }, [50])],
    ...[measured({ bytes: 2000 }, [10]), measured({ bytes: 2000, contender: 'm3ipc' }, [9])],
    ...[
      measured({ panel: 'D', contender: 'tcp' }, [10]),
      measured({ panel: 'D', contender: 'm3ipc-tcp' }, [1]),
    ],
  ]);
  expect(linesOf(results).map(({ name, ratio, met }) => [name.slice(0, 1), ratio, met])).toEqual([
    ['A', 1.5, true],
    ['B', 0.9, false],
  ]);
});
