// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { prometheusText } from '../../proxy-runtime/metrics/prometheus.ts';
import { createMetrics } from '../../proxy-runtime/metrics/registry.ts';

test('the same labels are the same counters, whatever their order', () => {
  const metrics = createMetrics();
  metrics.scope({ peer: 2, codec: 'x' }).add('frames');
  metrics.scope({ codec: 'x', peer: 2 }).add('frames', 2);
  metrics.scope({ peer: 3 }).set('open', 5);
  metrics.scope({ peer: 3 }).set('open', 4);
  expect(metrics.snapshot()).toEqual([
    { name: 'frames', kind: 'counter', labels: { peer: '2', codec: 'x' }, value: 3 },
    { name: 'open', kind: 'gauge', labels: { peer: '3' }, value: 4 },
  ]);
});

test('as Prometheus text, with any name a plug-in may choose', async () => {
  const metrics = createMetrics();
  metrics.scope({ peer: 2 }).add('frames_total', 3);
  metrics.scope({ peer: 3 }).add('frames_total', 4);
  metrics.scope({ codec: 'say "x"\n' }).add('odd name!');
  metrics.scope({}).add('both');
  metrics.scope({}).set('both', 1);
  const text = await prometheusText(metrics.snapshot());
  expect(text.match(/^# TYPE .*$/gm)).toEqual([
    '# TYPE m3ipc_frames_total counter',
    '# TYPE m3ipc_odd_name__total counter',
    '# TYPE m3ipc_both_total counter',
    '# TYPE m3ipc_both gauge',
  ]);
  expect(text).toContain('m3ipc_frames_total{peer="3"} 4');
  expect(text).toContain('m3ipc_odd_name__total{codec="say \\"x\\"\\n"} 1');
});
