// SPDX-License-Identifier: MIT
/** Figures as SVG, drawn by echarts without a browser: in a given width, since text does not shrink with its picture. */
import { type EChartsCoreOption, init } from 'echarts';
import { type Bar, type Figure, type Mark, type Series, shortNumber } from './figure.ts';

/** Ours, and the others in turn; told apart by people who do not see red and green. */
const OURS = ['#0b5cad', '#2f9bff', '#00306b', '#7cc0ff', '#174a7e', '#4b7db5'] as const;
const OTHERS = [
  '#c2571a',
  '#7a7a7a',
  '#b0872b',
  '#8b5a9e',
  '#3f7f6b',
  '#a83f5e',
  '#555555',
  '#cf9d5b',
] as const;
const PARTS: Readonly<Record<string, string>> = {
  ...{
    core: '#0b5cad',
    take: '#7cc0ff',
    codecs: '#c2571a',
    transport: '#8a8a8a',
    put: '#2f9bff',
    server: '#222222',
  },
};
const TEXT = { color: '#222', fontSize: 12, fontFamily: 'system-ui, sans-serif' } as const;
const NARROW = 500;
const BAR_HEIGHT = 26;
const FRAME_HEIGHT = 70;
const LINES_HEIGHT = 340;
const LEGEND_ROW = 22;

/** @param width px; small ones for a phone. */
export function svgOf(figure: Figure, width: number): string {
  const height = heightOf(figure, width);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ animation: false, textStyle: TEXT, ...optionOf(figure, width) });
    return chart.renderToSVGString();
  } finally {
    // Its timer would keep the process alive.
    chart.dispose();
  }
}

const legendRows = (names: readonly string[], width: number): number =>
  Math.ceil(names.reduce((sum, name) => sum + name.length * 7 + 45, 0) / (width - 20));

function heightOf(figure: Figure, width: number): number {
  switch (figure.kind) {
    case 'bars':
      return figure.bars.length * BAR_HEIGHT + FRAME_HEIGHT + (figure.mark === undefined ? 0 : 16);
    case 'grid':
      return figure.rows.length * 34 + FRAME_HEIGHT + 10;
    case 'stack':
      return figure.stacks.length * 60 + FRAME_HEIGHT + partRows(figure.pieces, width) * LEGEND_ROW;
    case 'lines':
      return (
        LINES_HEIGHT +
        legendRows(
          figure.series.map(({ name }) => name),
          width,
        ) *
          LEGEND_ROW
      );
  }
}

const partRows = (pieces: readonly { readonly part: string }[], width: number): number =>
  legendRows([...new Set(pieces.map(({ part }) => part))], width);

function optionOf(figure: Figure, width: number): EChartsCoreOption {
  switch (figure.kind) {
    case 'bars':
      return barsOption(figure.bars, figure.unit, figure.log, figure.mark, width);
    case 'lines':
      return linesOption(figure, width);
    case 'stack':
      return stackOption(figure, width);
    case 'grid':
      return gridOption(figure, width);
  }
}

const valueAxis = (unit: string, log: boolean, width: number) => ({
  type: log ? 'log' : 'value',
  name: log ? `${unit} (logarithmic)` : unit,
  axisLabel: { formatter: shortNumber, hideOverlap: true },
  splitNumber: width < NARROW ? 3 : 5,
});

const BELOW = { nameLocation: 'middle', nameGap: 28 } as const;
/** Over the axis: beside it there is no room on a phone. */
const ABOVE = { nameLocation: 'end', nameTextStyle: { align: 'left', padding: [0, 0, 0, -30] } } as const;

/** Text is wider in a browser than echarts believes where it has no fonts. */
const room = (names: readonly string[], most: number): number =>
  8 + Math.min(most / 10, Math.max(0, ...names.map(({ length }) => length)) * 0.9);

function markLine(mark: Mark | undefined, along: 'xAxis' | 'yAxis') {
  if (mark === undefined) return {};
  const label = {
    formatter: mark.name,
    position: along === 'xAxis' ? 'start' : 'insideStartTop',
    color: '#a11',
  };
  const lineStyle = { color: '#a11', type: 'dashed' };
  return { markLine: { silent: true, symbol: 'none', label, lineStyle, data: [{ [along]: mark.value }] } };
}

interface Api {
  value(at: number): number;
  coord(point: number[]): number[];
}

/** Lines from the least to the greatest repetition: place, least, greatest, and of bars the median, which is told behind. */
const whiskers = (data: readonly (readonly number[])[], horizontal: boolean, color: string) => ({
  type: 'custom',
  silent: true,
  z: 5,
  encode: horizontal ? { x: [1, 2], y: 0 } : { x: 0, y: [1, 2] },
  data,
  renderItem: (_: unknown, api: Api) => {
    const at = api.value(0);
    const point = (value: number): number[] => api.coord(horizontal ? [value, at] : [at, value]);
    const [[x1 = 0, y1 = 0], [x2 = 0, y2 = 0]] = [point(api.value(1)), point(api.value(2))];
    const line = { type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke: color, lineWidth: 1.5 } };
    if (!horizontal) return line;
    const text = shortNumber(api.value(3));
    const label = {
      ...TEXT,
      text,
      x: Math.max(x1, x2) + 6,
      y: y2,
      fill: TEXT.color,
      verticalAlign: 'middle',
    };
    return { type: 'group', children: [line, { type: 'text', style: label }] };
  },
});

function barsOption(bars: readonly Bar[], unit: string, log: boolean, mark: Mark | undefined, width: number) {
  const nameWidth = width < NARROW ? 120 : 260;
  const data = bars.map(({ name, spread, ours }) => ({
    value: spread.median,
    itemStyle: { color: ours ? OURS[0] : '#9a9a9a' },
    name,
  }));
  return {
    grid: {
      left: room(
        bars.map(({ name }) => name),
        nameWidth,
      ),
      right: 60,
      top: mark === undefined ? 12 : 28,
      bottom: 44,
      containLabel: true,
    },
    xAxis: { ...valueAxis(unit, log, width), ...BELOW },
    yAxis: {
      type: 'category',
      inverse: true,
      data: bars.map(({ name }) => name),
      axisLabel: { width: nameWidth, overflow: 'break', interval: 0 },
    },
    series: [
      { type: 'bar', data, barMaxWidth: 18, ...markLine(mark, 'xAxis') },
      whiskers(
        bars.map(({ spread }, at) => [at, spread.min, spread.max, spread.median]),
        true,
        '#111',
      ),
    ],
  };
}

/** Ours first: thick and solid. */
function linesOption(
  { series, x, names, log, mark, unit }: Extract<Figure, { kind: 'lines' }>,
  width: number,
) {
  const legend = series.map(({ name }) => name);
  const [colors, seen] = [colorsOf(series), legendRows(legend, width)];
  return {
    legend: { data: legend, bottom: 0, left: 'center', width: width - 20 },
    grid: { left: 16, right: 36, top: 34, bottom: 40 + seen * LEGEND_ROW, containLabel: true },
    xAxis: {
      ...(names === undefined
        ? { type: 'log', logBase: baseOf(x, series), axisLabel: { formatter: labelOf(x), hideOverlap: true } }
        : { type: 'category', data: names }),
      ...{ name: x, ...BELOW },
    },
    yAxis: { ...valueAxis(unit, log, width), ...ABOVE },
    series: series.flatMap(({ name, ours, points }, at) => {
      const color = colors[at] ?? '#000';
      const line = {
        ...{ type: 'line', name, color, symbolSize: 6, symbol: SYMBOLS[at % SYMBOLS.length] },
        lineStyle: { width: ours ? 3 : 1.5, type: ours ? 'solid' : 'dashed' },
        data: points.map((point) => [point.x, point.spread.median]),
        ...(at === 0 ? markLine(mark, 'yAxis') : {}),
      };
      const spreads = points.map(({ x: at, spread }) => [at, spread.min, spread.max]);
      return [line, whiskers(spreads, false, color)];
    }),
  };
}

/** Twos for bytes, and where every number is one of their powers. */
const baseOf = (x: string, series: readonly Series[]): number =>
  x === 'bytes' || series.every(({ points }) => points.every(({ x }) => Number.isInteger(Math.log2(x))))
    ? 2
    : 10;

const KIB = 1024;
const labelOf =
  (x: string) =>
  (value: number): string =>
    x === 'bytes' && value >= KIB ? `${value / KIB} KiB` : shortNumber(value);

const SYMBOLS = [
  'circle',
  'rect',
  'triangle',
  'diamond',
  'emptyCircle',
  'emptyRect',
  'emptyTriangle',
] as const;

function colorsOf(series: readonly Series[]): string[] {
  let [ours, others] = [0, 0];
  return series.map((one) =>
    one.ours ? (OURS[ours++ % OURS.length] ?? '') : (OTHERS[others++ % OTHERS.length] ?? ''),
  );
}

function stackOption({ stacks, pieces, unit }: Extract<Figure, { kind: 'stack' }>, width: number) {
  const parts = [...new Set(pieces.map(({ part }) => part))];
  return {
    legend: { data: parts, bottom: 0, left: 'center', width: width - 20 },
    grid: {
      left: room(stacks, 220),
      right: 20,
      top: 8,
      bottom: 44 + partRows(pieces, width) * LEGEND_ROW,
      containLabel: true,
    },
    xAxis: { ...valueAxis(unit, false, width), ...BELOW },
    yAxis: {
      ...{ type: 'category', inverse: true, data: stacks },
      axisLabel: { width: width < NARROW ? 90 : 220, overflow: 'break' },
    },
    series: pieces.map(({ part, values }) => ({
      ...{
        type: 'bar',
        stack: 'all',
        name: part,
        data: values,
        color: PARTS[part] ?? '#000',
        barMaxWidth: 40,
      },
      itemStyle: { borderColor: '#fff', borderWidth: 1 },
    })),
  };
}

function gridOption({ rows, columns, values }: Extract<Figure, { kind: 'grid' }>, width: number) {
  const data = values.flatMap((row, y) => row.map((value, x) => [x, y, value ?? '-']));
  const numbers = values.flat().filter((value): value is number => value !== null);
  return {
    grid: { left: room(rows, 100), right: 8, top: 8, bottom: 28, containLabel: true },
    xAxis: { type: 'category', data: columns, axisLabel: { interval: 0, rotate: width < NARROW ? 30 : 0 } },
    yAxis: { type: 'category', data: rows, inverse: true },
    visualMap: {
      ...{ show: false, min: 0, max: Math.max(1, ...numbers) },
      inRange: { color: ['#eef4fb', '#9cc4ee', '#3c7fc4'] },
    },
    series: [
      {
        ...{ type: 'heatmap', data },
        label: {
          show: true,
          color: '#111',
          formatter: ({ value }: { value: (number | string)[] }) => cellText(value[2]),
        },
      },
    ],
  };
}

const cellText = (value: number | string | undefined): string =>
  typeof value === 'number' ? shortNumber(value) : '-';
